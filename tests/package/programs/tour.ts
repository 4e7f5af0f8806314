/** Runs the tour, and prints its results. */

import process from "node:process";
import { tour, tourClients } from "../../support/tour.ts";

const [, , site = ""] = process.argv;
const clients = tourClients(site);
console.log(JSON.stringify(await tour(clients, site)));
for (const client of Object.values(clients)) await client.close();
