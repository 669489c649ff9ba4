"""The first owner's token, made once in the life of a data directory."""

from __future__ import annotations

from clawforge.access.permission import EVERYTHING
from clawforge_server.auth.principal import OWNER_HOLDER
from clawforge_server.auth.secrets import OWNER_PREFIX, credential_hash, new_credential, new_id
from clawforge_server.clock import Clock
from clawforge_server.data_dir import DataDirectory
from clawforge_server.service.audit_trail import SERVER_LOG, done
from clawforge_server.store.port import Store
from clawforge_server.store.records import TokenRecord


def ensure_owner(store: Store, directory: DataDirectory, clock: Clock) -> bool:
    """Make the owner's token unless one was ever made; True if it was made now.

    The file is written before the commit: a crash in between leaves no owner in the store, so the next start
    makes another token over the file. A file that is deleted later stays deleted.
    """
    with store.transaction() as transaction:
        if transaction.tokens.has_owner():
            return False
        token, token_id, now = new_credential(OWNER_PREFIX), new_id("token"), clock.now()
        transaction.tokens.add(
            TokenRecord(
                id=token_id,
                org=None,
                kind="owner",
                sha256=credential_hash(token),
                name="bootstrap",
                holder=OWNER_HOLDER,
                scopes=(EVERYTHING,),
                created_at=now,
                created_by="server",
                expires_at=None,
            )
        )
        entry = done(now, "server", "tokens:create", target=f"token/{token_id}", name="bootstrap")
        transaction.audit.append(SERVER_LOG, entry)
        directory.write_bootstrap_token(token)
    return True
