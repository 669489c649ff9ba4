"""The control plane's signature on a plan: whoever keeps or passes it on can show that nobody edited it.

It covers the canonical JSON of the plan without the signature and without what reviewers said later, in DSSE's
pre-authentication encoding. A plan of an org that was never applied has none, for its first apply makes the org's keys.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from clawforge.canonical import canonical_bytes
from clawforge.dsse import check_signature, decode_base64, pae
from clawforge.errors import UntrustedError
from clawforge.keys import SigningKey
from clawforge.plan import Plan, PlanSignature, plan_json

PLAN_TYPE = "application/vnd.clawforge.plan+json"


def sign_plan(plan: Plan, key: SigningKey) -> Plan:
    """The plan, signed."""
    signature = base64.b64encode(key.sign(pae(PLAN_TYPE, _signed_bytes(plan)))).decode()
    return plan.model_copy(update={"signature": PlanSignature(keyid=key.keyid, sig=signature)})


def verify_plan(plan: Plan, keys: Mapping[str, bytes]) -> str:
    """The id of the key that signed. `keys` are raw public keys by id.

    Raises UntrustedError (`unsigned-plan`, `unknown-key`, `bad-signature`, `bad-envelope`).
    """
    if plan.signature is None:
        raise UntrustedError(
            "This plan carries no signature.",
            hint="Offline plans and the first plan of an org have none.",
            code="unsigned-plan",
        )
    key = keys.get(plan.signature.keyid)
    if key is None:
        raise UntrustedError(
            f"The signing key {plan.signature.keyid!r} is not in the trusted key set.", code="unknown-key"
        )
    check_signature(key, decode_base64(plan.signature.sig), pae(PLAN_TYPE, _signed_bytes(plan)))
    return plan.signature.keyid


def _signed_bytes(plan: Plan) -> bytes:
    document = plan_json(plan)
    document.pop("signature", None)
    document["approvals"] = {**document["approvals"], "given": [], "missing": []}
    return canonical_bytes(document)
