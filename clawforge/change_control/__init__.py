"""How policy itself may change: what the ChangePolicies of an org demand of a plan, and whose approvals count."""
