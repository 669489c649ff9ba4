"""Entry of the program: runs a command and turns every error into one clear message and the right exit code."""

from __future__ import annotations

import gc
import os
import sys
from io import TextIOWrapper

from clawforge import __version__
from clawforge.errors import ClawforgeError
from clawforge_cli.exit_codes import ExitCode, exit_code_for


def main() -> None:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of one command line."""
    if arguments in (["version"], ["--version"], ["-version"]):
        # Scripts ask this often, and the machinery of commands costs several times what the answer does.
        sys.stdout.write(f"clawforge {__version__}\n")
        return ExitCode.OK
    import typer

    from clawforge_cli.app import app
    from clawforge_cli.command_line import expanded

    _accept_any_character()
    # A project is many small objects that live until the end; collecting them again and again finds nothing.
    gc.set_threshold(200_000, 20, 100)

    try:
        command = typer.main.get_command(app)
        arguments = expanded(arguments, os.environ)
        result = command.main(args=arguments, prog_name="clawforge", standalone_mode=False)
        sys.stdout.flush()
    except typer.Exit as stop:
        return stop.exit_code
    except typer.Abort:
        return _fail("Stopped.")
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            # Our own help text, which holds nothing foreign and must keep its lines.
            sys.stderr.write(f"{error.format_message()}\n")
            return ExitCode.ERROR
        from clawforge_cli.wrong_usage import wrong_usage

        _show(wrong_usage(error, arguments))
        return ExitCode.ERROR
    except ClawforgeError as error:
        _show(error)
        return exit_code_for(error)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output went away; pointing stdout elsewhere keeps the interpreter's own flush quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.ERROR
    except OSError as error:
        return _fail(f"The system refused: {error}.")
    except Exception as error:  # the last resort: a person gets a sentence, and the trace only on request
        if os.environ.get("CLAWFORGE_TRACE") == "1":
            raise
        return _fail(
            f"clawforge failed in a way that it should not: {type(error).__name__}: {error}",
            "Set CLAWFORGE_TRACE=1 to see where, and please report it.",
        )
    return result if isinstance(result, int) else ExitCode.OK


def _accept_any_character() -> None:
    """An output that cannot show a character, as under LANG=C, gets it written out instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _show(error: ClawforgeError) -> None:
    from clawforge_cli.views.human_problems import show_error

    show_error(error)


def _fail(message: str, hint: str = "") -> int:
    from clawforge_cli.views.terminal import note, safe

    note(f"Error: {safe(message)}")
    if hint:
        note(f"  {safe(hint)}")
    return ExitCode.ERROR


if __name__ == "__main__":
    main()
