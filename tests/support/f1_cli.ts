/**
 * Runs the command line with another server in place of jsDelivr: `f1_cli.ts URL f1 2025 …`. The first argument is the URL
 * of that server.
 *
 * @module
 */

import "./simulated_jsdelivr.ts";
import { currentTerminal, main } from "../../src/cli/main.ts";

const terminal = currentTerminal();
terminal.exit(await main(terminal.args.slice(1), terminal));
