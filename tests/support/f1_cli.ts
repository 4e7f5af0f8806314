/**
 * The command line with the server whose URL is the first argument in the place of jsDelivr: `f1_cli.ts URL f1 2025 …`.
 *
 * @module
 */

import "./simulated_jsdelivr.ts";
import { currentTerminal, main } from "../../src/cli/main.ts";

const terminal = currentTerminal();
terminal.exit(await main(terminal.args.slice(1), terminal));
