"""What other roles may do with books in PostgreSQL, given again to new books after the old ones were set aside.

Readers of reports and of a dashboard have roles of their own. Their privileges went with the schema that they were on.
"""

import asyncio
from typing import Final

import asyncpg

from data.store.asking import connect

# A statement each: on the schema, its tables, their columns, and on what will be made there.
_GRANTS: Final = """
WITH aside AS (SELECT * FROM pg_namespace WHERE nspname = CAST($1 AS TEXT)),
relations AS (
    SELECT pg_class.* FROM pg_class JOIN aside ON relnamespace = aside.oid WHERE relkind IN ('r', 'p', 'v', 'm')
),
given AS (
    SELECT 1 AS place, '' AS prefix, acl.*, '' AS part, 'SCHEMA public' AS thing, nspowner AS owner
        FROM aside, aclexplode(nspacl) AS acl
    UNION ALL
    SELECT 2, '', acl.*, '', format('TABLE public.%I', relname), relowner FROM relations, aclexplode(relacl) AS acl
    UNION ALL
    SELECT 3, '', acl.*, format(' (%I)', attname), format('TABLE public.%I', relname), relowner
        FROM relations JOIN pg_attribute ON attrelid = relations.oid AND NOT attisdropped, aclexplode(attacl) AS acl
    UNION ALL
    SELECT 4, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public ', pg_get_userbyid(defaclrole)), acl.*, '',
            CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
                ELSE 'TYPES' END, defaclrole
        FROM pg_default_acl JOIN aside ON defaclnamespace = aside.oid, aclexplode(defaclacl) AS acl
)
SELECT prefix || format('GRANT %s%s ON %s TO %s', privilege_type, part, thing,
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
    || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
FROM given WHERE grantee <> owner AND grantee <> CAST(CAST(current_user AS TEXT) AS regrole)
ORDER BY place, thing, part, grantee, privilege_type
"""


def grant_again(url: str, name: str) -> tuple[int, list[str]]:
    """Grant on the schema in use what was granted on the one that was set aside under a name. Blocks.

    Return how many privileges that were, and the statements that could not be carried out, with why.
    """
    return asyncio.run(_grant_again(url, name))


async def _grant_again(url: str, name: str) -> tuple[int, list[str]]:
    connection = await connect(url)
    done, failed = 0, []
    try:
        for (statement,) in await connection.fetch(_GRANTS, name):
            try:
                await connection.execute(statement)
            except asyncpg.PostgresError as error:
                failed.append(f"{statement}: {error}")
            else:
                done += 1
    finally:
        await connection.close()
    return done, failed
