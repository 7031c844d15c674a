-- A tenant with its past; bench.town fills in {access}, the columns of AccessFields.

CREATE FUNCTION pg_temp.uuid7(moment timestamptz) RETURNS uuid LANGUAGE sql AS $$
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM moment) * 1000)::bigint) FROM 3)
        FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;

CREATE TEMP TABLE people AS
    SELECT n, gen_random_uuid() AS id, 'person-' || n || '@town.test' AS email,
        (%(names)s::text[])[1 + n * 7 %% cardinality(%(names)s::text[])] || ' ' || n AS name
    FROM generate_series(1, %(people)s) AS n;

CREATE UNIQUE INDEX ON people (n);

INSERT INTO accounts_user (id, email, display_name, password, time_zone, language, is_active,
        is_operator, joined_at, credential_version)
    SELECT id, email, name, '!', 'UTC', 'en', n %% 100 <> 99, false, now() - interval '1 year', 0
    FROM people;

INSERT INTO tenants_membership (tenant_id, user_id, is_active, joined_at)
    SELECT %(tenant)s, id, n %% 200 <> 198, now() - interval '1 year' FROM people;

INSERT INTO tenants_membership_groups (membership_id, group_id)
    SELECT id, %(group)s FROM tenants_membership WHERE user_id IN (SELECT id FROM people);

-- One in five has a second factor.
INSERT INTO mfa_authenticator (user_id, type, data, created_at)
    SELECT id, 'totp', '{{}}', now() FROM people WHERE n %% 5 = 0;

CREATE TEMP TABLE stays AS
    SELECT n, at - age AS since, at AS seen, n > %(live)s + %(of_one)s AS over, n %% %(clients)s AS client,
        CASE WHEN n <= %(live)s THEN 1 + n %% %(here)s
             WHEN n <= %(live)s + %(of_one)s THEN 1
             ELSE 1 + n %% %(people)s END AS person
    FROM (
        SELECT n, random() * random() * interval '20 days' + interval '1 minute' AS age,
            now() - CASE WHEN n > %(live)s + %(of_one)s THEN random() * interval '90 days'
                         ELSE random() * random() * interval '470 minutes' END AS at
        FROM generate_series(1, %(live)s + %(of_one)s + %(ended)s) AS n
    ) AS drawn;

INSERT INTO sessions_admin_session ({access}, id, key_hash, user_id, tenant_id, kind, started_at,
        authenticated_at, last_seen_at, ended_at, persistent, amr, aal, label, novelty, ask_reason,
        read_only, end_reason, end_note, data)
    SELECT {access}, pg_temp.uuid7(since),
        CASE WHEN over THEN NULL ELSE sha256(('town ' || stays.n)::bytea) END,
        people.id, %(tenant)s, 'browser', since, since, seen,
        CASE WHEN NOT over THEN NULL WHEN stays.n %% 4 = 0 THEN seen + interval '8 hours' ELSE seen END,
        false, 'pwd', 1, '', '', '', false,
        CASE WHEN NOT over THEN '' WHEN stays.n %% 4 = 0 THEN 'idle_timeout' ELSE 'logged_out' END, '',
        CASE WHEN over THEN ''::bytea ELSE decode(repeat('78', 220), 'hex') END
    FROM stays JOIN people ON people.n = person JOIN clients ON clients.n = client
    ORDER BY since;

INSERT INTO sessions_admin_loginattempt ({access}, id, at, email, user_id, tenant_id, session_id,
        outcome, amr, novelty)
    SELECT {access}, pg_temp.uuid7(since), since, email, people.id, %(tenant)s, NULL,
        CASE WHEN stays.n %% 20 = 0 THEN 'failed' ELSE 'succeeded' END, 'pwd', ''
    FROM stays JOIN people ON people.n = person JOIN clients ON clients.n = client
    WHERE stays.n <= %(attempts)s
    ORDER BY since;

INSERT INTO sessions_admin_auditevent (id, at, action, tenant_id, user_id, actor_id, data)
    SELECT pg_temp.uuid7(since), since, 'session.started', %(tenant)s, people.id, people.id, '{{}}'
    FROM stays JOIN people ON people.n = person
    WHERE stays.n <= %(events)s
    ORDER BY since;

INSERT INTO sessions_admin_knowndevice ({access}, id, user_id, browser_hash, first_seen_at, last_seen_at)
    SELECT {access}, gen_random_uuid(), id, sha256(id::text::bytea), now() - interval '1 year', now()
    FROM people JOIN clients ON clients.n = people.n %% %(clients)s;

INSERT INTO sessions_admin_sighting ({access}, session_id, first_seen_at, last_seen_at)
    SELECT {seen}, session.id, started_at, last_seen_at
    FROM sessions_admin_session AS session
    WHERE ended_at IS NULL AND session.tenant_id = %(tenant)s;

INSERT INTO sessions_admin_risk (id, at, detector, evidence, response, held_back, state, note,
        session_id, tenant_id, user_id)
    SELECT pg_temp.uuid7(started_at), started_at,
        CASE WHEN row_number() OVER () %% 3 = 0 THEN 'new_country' ELSE 'new_device' END,
        jsonb_build_object('occasion', 'sign_in', 'now', jsonb_build_object('browser', browser,
            'system', system, 'city', city, 'country', country)),
        'record', false, 'open', '', id, tenant_id, user_id
    FROM sessions_admin_session
    WHERE ended_at IS NULL AND tenant_id = %(tenant)s
    ORDER BY id DESC LIMIT %(risks)s;

INSERT INTO sessions_admin_notice (id, at, user_id, tenant_id, kind, event, data, mail_attempts,
        mail_error, answer, session_id)
    SELECT pg_temp.uuid7(started_at), started_at, user_id, tenant_id, 'new_sign_in',
        'new_sign_in:' || id, jsonb_build_object('browser', browser, 'system', system, 'city', city),
        0, '', '', id
    FROM sessions_admin_session
    WHERE ended_at IS NULL AND tenant_id = %(tenant)s
    ORDER BY id DESC LIMIT %(risks)s;
