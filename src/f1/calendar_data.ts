/**
 * The data of the calendar: the events and sessions that have a folder in the season repositories.
 *
 * @module
 */

/** The place of each event: the part of its name before "Grand Prix", the town or track, and the country. */
export const PLACES: readonly (readonly [stem: string, location: string, country: string])[] = [
  ["70th Anniversary", "Silverstone", "Great Britain"],
  ["Abu Dhabi", "Yas Island", "United Arab Emirates"],
  ["Australian", "Melbourne", "Australia"],
  ["Austrian", "Spielberg", "Austria"],
  ["Azerbaijan", "Baku", "Azerbaijan"],
  ["Bahrain", "Sakhir", "Bahrain"],
  ["Barcelona", "Barcelona", "Spain"],
  ["Belgian", "Spa-Francorchamps", "Belgium"],
  ["Brazilian", "São Paulo", "Brazil"],
  ["British", "Silverstone", "Great Britain"],
  ["Canadian", "Montréal", "Canada"],
  ["Chinese", "Shanghai", "China"],
  ["Dutch", "Zandvoort", "Netherlands"],
  ["Eifel", "Nürburgring", "Germany"],
  ["Emilia Romagna", "Imola", "Italy"],
  ["French", "Le Castellet", "France"],
  ["German", "Hockenheim", "Germany"],
  ["Hungarian", "Budapest", "Hungary"],
  ["Italian", "Monza", "Italy"],
  ["Japanese", "Suzuka", "Japan"],
  ["Las Vegas", "Las Vegas", "United States"],
  ["Mexican", "Mexico City", "Mexico"],
  ["Mexico City", "Mexico City", "Mexico"],
  ["Miami", "Miami", "United States"],
  ["Monaco", "Monte Carlo", "Monaco"],
  ["Portuguese", "Portimão", "Portugal"],
  ["Qatar", "Lusail", "Qatar"],
  ["Russian", "Sochi", "Russia"],
  ["Sakhir", "Sakhir", "Bahrain"],
  ["Saudi Arabian", "Jeddah", "Saudi Arabia"],
  ["Singapore", "Marina Bay", "Singapore"],
  ["Spanish", "Barcelona", "Spain"],
  ["Styrian", "Spielberg", "Austria"],
  ["São Paulo", "São Paulo", "Brazil"],
  ["Turkish", "Istanbul", "Turkey"],
  ["Tuscan", "Mugello", "Italy"],
  ["United States", "Austin", "United States"],
];

/** Other places of events in single seasons, by the season and the part of the name before "Grand Prix". */
export const MOVED: Readonly<Record<string, readonly [location: string, country: string]>> = {
  "2026 Bahrain": ["Sepang", "Malaysia"],
  "2026 Spanish": ["Madrid", "Spain"],
};

/**
 * The rounds of each season in order, by the part of the name before "Grand Prix"; a star marks a weekend with a sprint. The
 * season 2026 is as planned in October of that year.
 */
export const ROUNDS: Readonly<Record<number, string>> = {
  2018:
    `Australian, Bahrain, Chinese, Azerbaijan, Spanish, Monaco, Canadian, French, Austrian, British, German,
    Hungarian, Belgian, Italian, Singapore, Russian, Japanese, United States, Mexican, Brazilian, Abu Dhabi`,
  2019:
    `Australian, Bahrain, Chinese, Azerbaijan, Spanish, Monaco, Canadian, French, Austrian, British, German,
    Hungarian, Belgian, Italian, Singapore, Russian, Japanese, Mexican, United States, Brazilian, Abu Dhabi`,
  2020:
    `Austrian, Styrian, Hungarian, British, 70th Anniversary, Spanish, Belgian, Italian, Tuscan, Russian, Eifel,
    Portuguese, Emilia Romagna, Turkish, Bahrain, Sakhir, Abu Dhabi`,
  2021:
    `Bahrain, Emilia Romagna, Portuguese, Spanish, Monaco, Azerbaijan, French, Styrian, Austrian, British*,
    Hungarian, Belgian, Dutch, Italian*, Russian, Turkish, United States, Mexico City, São Paulo*, Qatar,
    Saudi Arabian, Abu Dhabi`,
  2022:
    `Bahrain, Saudi Arabian, Australian, Emilia Romagna*, Miami, Spanish, Monaco, Azerbaijan, Canadian, British,
    Austrian*, French, Hungarian, Belgian, Dutch, Italian, Singapore, Japanese, United States, Mexico City, São Paulo*,
    Abu Dhabi`,
  2023:
    `Bahrain, Saudi Arabian, Australian, Azerbaijan*, Miami, Monaco, Spanish, Canadian, Austrian*, British,
    Hungarian, Belgian*, Dutch, Italian, Singapore, Japanese, Qatar*, United States*, Mexico City, São Paulo*,
    Las Vegas, Abu Dhabi`,
  2024:
    `Bahrain, Saudi Arabian, Australian, Japanese, Chinese*, Miami*, Emilia Romagna, Monaco, Canadian, Spanish,
    Austrian*, British, Hungarian, Belgian, Dutch, Italian, Azerbaijan, Singapore, United States*, Mexico City,
    São Paulo*, Las Vegas, Qatar*, Abu Dhabi`,
  2025:
    `Australian, Chinese*, Japanese, Bahrain, Saudi Arabian, Miami*, Emilia Romagna, Monaco, Spanish, Canadian,
    Austrian, British, Belgian*, Hungarian, Dutch, Italian, Azerbaijan, Singapore, United States*, Mexico City,
    São Paulo*, Las Vegas, Qatar*, Abu Dhabi`,
  2026:
    `Australian, Chinese*, Japanese, Miami*, Canadian*, Monaco, Barcelona, Austrian, British*, Belgian, Hungarian,
    Dutch*, Italian, Spanish, Azerbaijan, Bahrain, Singapore*, United States, Mexico City, São Paulo, Las Vegas, Qatar,
    Abu Dhabi`,
};

/** The sessions of a weekend without a sprint. */
export const STANDARD_SESSIONS: readonly string[] = [
  "Practice 1",
  "Practice 2",
  "Practice 3",
  "Qualifying",
  "Race",
];

/** The sessions of a weekend with a sprint, by season, because the format has changed. */
export const SPRINT_SESSIONS: Readonly<Record<number, readonly string[]>> = {
  2021: ["Practice 1", "Qualifying", "Practice 2", "Sprint Qualifying", "Race"],
  2022: ["Practice 1", "Qualifying", "Practice 2", "Sprint", "Race"],
  2023: ["Practice 1", "Qualifying", "Sprint Shootout", "Sprint", "Race"],
  2024: ["Practice 1", "Sprint Qualifying", "Sprint", "Qualifying", "Race"],
  2025: ["Practice 1", "Sprint Qualifying", "Sprint", "Qualifying", "Race"],
  2026: ["Practice 1", "Sprint Qualifying", "Sprint", "Qualifying", "Race"],
};

/**
 * Sessions that were cancelled or never planned and have no folder, by the season and the part of the event's name before "Grand
 * Prix".
 */
export const NOT_HELD: Readonly<Record<string, readonly string[]>> = {
  "2019 Japanese": ["Practice 3"],
  "2020 Eifel": ["Practice 1", "Practice 2"],
  "2020 Emilia Romagna": ["Practice 2", "Practice 3"],
  "2020 Styrian": ["Practice 3"],
  "2021 Russian": ["Practice 3"],
};

/** The pre-season tests whose folders are known, by season. */
export const TESTING: Readonly<Record<number, string>> = {
  2022: "Pre-Season Test",
  2024: "Pre-Season Testing",
  2025: "Pre-Season Testing",
  2026: "Pre-Season Testing",
};

/** Other names of countries, without spaces and accents, and the country codes of race results. */
export const COUNTRY_ALIASES: ReadonlyMap<string, string> = new Map(Object.entries({
  gb: "greatbritain",
  uk: "greatbritain",
  unitedkingdom: "greatbritain",
  uae: "unitedarabemirates",
  us: "unitedstates",
  usa: "unitedstates",
  america: "unitedstates",
  holland: "netherlands",
  thenetherlands: "netherlands",
  turkiye: "turkey",
  britain: "greatbritain",
  england: "greatbritain",
  brasil: "brazil",
  emirates: "unitedarabemirates",
  // Since 2021 the races of these two countries have been named after their cities.
  brazilian: "brazil",
  mexican: "mexico",
  // In 2026 the Bahrain Grand Prix took place in Malaysia.
  malaysian: "malaysia",
  aut: "austria",
  bhr: "bahrain",
  bra: "brazil",
  brn: "bahrain",
  chn: "china",
  esp: "spain",
  fra: "france",
  gbr: "greatbritain",
  ger: "germany",
  jpn: "japan",
  ksa: "saudiarabia",
  mco: "monaco",
  ned: "netherlands",
  sgp: "singapore",
}));

/** The names of tracks that are better known than their towns: the track and the town, without spaces and accents. */
export const TRACKS: ReadonlyMap<string, string> = new Map(Object.entries({
  albertpark: "melbourne",
  aldaayen: "lusail",
  algarve: "portimao",
  americas: "austin",
  barcelonacatalunya: "barcelona",
  catalunya: "barcelona",
  circuitoftheamericas: "austin",
  cota: "austin",
  gillesvilleneuve: "montreal",
  hermanosrodriguez: "mexicocity",
  hockenheimring: "hockenheim",
  hungaroring: "budapest",
  interlagos: "saopaulo",
  kualalumpur: "sepang",
  losail: "lusail",
  madring: "madrid",
  miamigardens: "miami",
  montmelo: "barcelona",
  paulricard: "lecastellet",
  redbullring: "spielberg",
  // The race at Imola was called the San Marino Grand Prix until 2006.
  sanmarino: "imola",
  yasmarina: "yasisland",
}));
