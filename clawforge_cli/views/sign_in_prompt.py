"""What somebody who signs in has to do, on standard error: standard output is for answers."""

from __future__ import annotations

from clawforge_cli.oidc.device_flow import DevicePrompt
from clawforge_cli.views.terminal import note, safe


def show_address(url: str, *, open_browser: bool) -> None:
    """Print the address, always, and open a browser where there is one."""
    note("Sign in with your browser at this address:")
    note(safe(url))
    if open_browser:
        _open(url)


def show_device(prompt: DevicePrompt) -> None:
    """Print where to go and what to type there."""
    note(f"On any device, open {safe(prompt.address)} and type the code:")
    note(f"    {safe(prompt.code)}")
    if prompt.complete is not None:
        note(f"Or open {safe(prompt.complete)} and compare the code.")
    note("Waiting ...")


def _open(url: str) -> None:
    import webbrowser

    try:
        webbrowser.open(url)
    except (webbrowser.Error, OSError):
        # The address is on the screen.
        return
