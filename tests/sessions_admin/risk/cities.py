"""Places and networks of the tests: cities as a City database tells them, with an address each."""

from sessions_admin.geo import PlaceRow

# Addresses of RFC 5737 and RFC 2544, which belong to nobody.
BANGKOK_IP, LONDON_IP, PARIS_IP, LYON_IP = "198.51.100.9", "203.0.113.7", "192.0.2.7", "198.18.0.7"
BANGKOK = PlaceRow("198.51.100.0/24", "Bangkok", "Thailand", "TH", 13.7563, 100.5018)
LONDON = PlaceRow("203.0.113.0/24", "London", "United Kingdom", "GB", 51.5074, -0.1278)
PARIS = PlaceRow("192.0.2.0/24", "Paris", "France", "FR", 48.8566, 2.3522)
LYON = PlaceRow("198.18.0.0/24", "Lyon", "France", "FR", 45.764, 4.8357)
CITIES = (BANGKOK, LONDON, PARIS, LYON)
