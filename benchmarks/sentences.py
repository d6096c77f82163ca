"""Sentences for made-up news: patterns with slots, in our own words, filled at random.

News of the world never names North Korea; news of North Korea has dates, sums and percentages, but counts
no people. Nothing here is a source of facts.
"""

from __future__ import annotations

import random
import string

SLOTS: dict[str, tuple[str, ...]] = {
    "city": ("Lyon", "Osaka", "Nairobi", "Lima", "Oslo", "Seville", "Busan", "Perth", "Tallinn", "Denver"),
    "country": ("Chile", "Italy", "Kenya", "Norway", "South Korea", "Vietnam", "Poland", "Ghana", "Canada"),
    "body": ("the ministry", "the city council", "the regulator", "the port authority", "the central bank"),
    "firm": ("Halden Motors", "the Arno dairy", "Quay Street Foods", "Tamsin Energy", "the ferry operator"),
    "name": ("Ada Brandt", "Luis Ferro", "Hana Okada", "Peter Njoroge", "Mina Sandvik", "Olu Adeyemi"),
    "month": ("January", "March", "April", "June", "August", "October", "December"),
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    "year": ("2016", "2019", "2021", "2022", "2023"),
    "day": ("3", "8", "14", "21", "27"),
    "percent": ("2.4", "5", "11", "37", "60"),
    "sum": ("$4 million", "€120,000", "$1.5 billion", "$900", "£35 million"),
    "length": ("12", "40", "150", "600"),
    "site": ("the Hyesan market", "Pyongyang", "the port of Nampo", "Wonsan", "Sinuiju", "Chongjin"),
    "home": ("North Korea", "Pyongyang", "the DPRK", "North Korea", "the North"),
    "crop": ("maize", "rice", "potatoes", "cabbage", "barley"),
}

WORLD = (
    "The price of wheat rose by {percent} percent in {month} after rain held up the harvest in {country}.",
    "“We did not expect the bridge to last this long,” said {name}, who has lived beside it since {year}.",
    "{firm} will close its plant in {city} by the end of {month}, the company said on {weekday}.",
    "In the north of {country} the snow came late, and the slopes stayed brown until after the holidays.",
    "{name} had trained for the race in the hills above {city}, mostly alone and mostly before dawn.",
    "A spokeswoman for {body} declined to say how long the talks would go on.",
    "Shares in {firm} fell {percent} percent on {weekday}, their steepest slide since {month} {year}.",
    "The museum in {city} reopens on {month} {day} with a new roof that cost {sum}.",
    "Critics say the law leaves too much to judges; its authors answer that this was the point.",
    "Nobody was hurt when a crane came down at the docks of {city}, but the ferry was cancelled.",
    "The two teams met last in {year}, when a goal in the final minute settled the tie.",
    "About 400 people gathered in the main square of {city} to hear the verdict read aloud.",
    "Research published in {month} suggests that the river carries {percent} percent less silt.",
    "“It’s a long way from here to the coast,” the driver said, “and the road isn’t getting any better.”",
    "The opposition in {country} wants a vote before summer, which the prime minister has ruled out twice.",
    "Her third novel, set in a boarding house in {city}, has been translated into 14 languages.",
    "Under the plan, {body} would lend {sum} to farms that switch to drip irrigation.",
    "Trains between {city} and the airport will run every ten minutes from {month} on.",
    "For years the factory had dumped its waste into a ditch behind the school, court papers say.",
    "The storm moved on toward {country} overnight, leaving thousands of homes without power.",
    "{name}, 47, took over the bakery from an uncle and has not changed a recipe since.",
    "Analysts had expected a loss; instead the group earned {sum} in the quarter that ended in {month}.",
    "The exhibition runs until {month} {day}, and entry is free on the first Sunday of the month.",
    "Whether the mine will ever reopen depends less on copper than on who pays for the water.",
    "He said the workers at the depot had been offered a one-off payment of {sum} and longer breaks.",
)

HOME = (
    "{home} has told factories to save electricity until the end of {month}, a source in the city said.",
    "State television showed the new pier at Wonsan under a clear sky, with flags along the whole quay.",
    "In {site} the price of {crop} rose by {percent} percent between {month} and {month}.",
    "A dollar bought 8,300 won in {site} on {month} {day}, little more than in {month}.",
    "Officials in {home} have said nothing in public about the failed launch of {month} {year}.",
    "“Nobody dares to ask where the fuel goes,” the source said, speaking on condition of anonymity.",
    "The test flew {length} kilometers before falling into the sea, the joint chiefs in Seoul said.",
    "{home} exported coal worth {sum} in {year}, according to customs records from China.",
    "Relations between Pyongyang and Moscow have warmed since the visit of {month} {year}.",
    "The rail bridge over the Tumen was closed for repairs from {month} {day}, satellite images suggest.",
    "Heavy rain washed out the road to {site} and left the lower town without power for 30 hours.",
    "The resolution, adopted in December 2017, bans the sale of {crop} machines and of luxury goods.",
    "State media in {home} praised the harvest of {crop} as the best since {year}, without giving a yield.",
    "A panel that watched over the sanctions was dissolved in {month} after Russia vetoed its mandate.",
    "Trade through {site} came to {sum} in {month}, up {percent} percent on the year before.",
    "The leader inspected a greenhouse complex near the coast and found fault with its heating.",
    "South Korea’s unification ministry said on {weekday} that it was watching the situation closely.",
    "Phones with foreign software are confiscated at the border, and fines reach {sum}, the report says.",
    "The reactor at Yongbyon appears to have been discharging warm water since {month}, analysts wrote.",
    "Prices of imported flour and sugar jumped after the customs house at Sinuiju was shut for disinfection.",
    "According to the agency, the new highway is {length} kilometers long and has no toll gates.",
    "The embassy reopened in {month} {year}, almost four years after the border was sealed.",
    "Loudspeakers along the demarcation line fell silent at 11 p.m. on {weekday}.",
    "Foreign tour operators were told to keep their groups away from {site} until further notice.",
    "The newspaper called the drill a rehearsal for war and warned of unspecified consequences.",
    "Analysts in Seoul read the speech as a sign that {home} is in no hurry to talk.",
    "What the delegation discussed in {site} was not disclosed, and its members took no questions.",
    "The border has reopened for freight, yet most of the market stalls in {site} remain empty.",
    "“They check every truck, down to the tires,” the source said of the customs house.",
    "The regime has tightened control over phones, clothes and even the songs played at weddings.",
    "Washington called on {home} to return to dialogue and to refrain from further launches.",
    "Residents of {site} say that electricity comes on in the evening, if it comes at all.",
    "The foreign ministry in Moscow said that cooperation with {home} was nobody else’s business.",
)


def filled(patterns: tuple[str, ...], many: int, chance: random.Random) -> list[str]:
    """So many sentences, each pattern about as often as any other."""
    return [_fill(patterns[index % len(patterns)], chance) for index in range(many)]


def _fill(pattern: str, chance: random.Random) -> str:
    parts = string.Formatter().parse(pattern)
    told = "".join(words + (chance.choice(SLOTS[slot]) if slot else "") for words, slot, _, _ in parts)
    return told[0].upper() + told[1:]
