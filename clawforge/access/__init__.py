"""Who may do what to the control plane: permissions, scopes, and the rights that resources give."""
