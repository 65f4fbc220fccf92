"""The labelled set of bench/formation_search.py: passages of our own and questions that people ask, each with its answer.

`same` uses words of the passage, `near` other forms of them, `other` says it in other words, as somebody would who has not
read the passage; `misspelt` as people type.
"""

PASSAGES = {
    "ordinary-days": """We expect God in the extraordinary and meet him mostly on ordinary days. The dishes, the school run
        and the unanswered email are not an interruption of formation; they are its workshop. Small obediences that nobody
        sees shape us more than the evening that everybody talks about.""",
    "first-turn": """Repentance is not a feeling but a turn. You notice which way your feet are pointing and you turn round.
        Tears may come or may not. What shows that it happened is the next step, taken in another direction, and the one
        after that.""",
    "watchman": """The watchman on the wall does not make the danger; he names it while there is still time. A warning is a
        kindness. To love people and to keep quiet about what is coming toward them does not go together for long.""",
    "sleeper": """Most of us do not walk away from God. We fall asleep. The lamps burn lower, the songs become background,
        and one day we notice that we have not prayed for weeks and did not miss it. Waking up begins with admitting that we
        slept.""",
    "hidden-room": """There is a room in the house that we do not show to guests. Shame keeps its door. What we hide there
        grows in the dark, and what we bring out into the light, before one trusted person, loses its power more quickly
        than we feared.""",
    "gift": """Grace is not a discount for those who tried hard. It is a gift to people with empty hands. Whoever still
        wants to pay for it has not yet understood what was given, and lives as an employee in the house of a father.""",
    "two-masters": """Nobody can serve two masters. Money asks for what only God may have: our trust, our sleep, our sense
        of being safe. Look at your bank statement as you would at a prayer book, and you see what you hope in.""",
    "leaving-city": """To come out of the city does not mean to move to the country. It means that its measures no longer
        count for us: who is important, what is success, whom one may step on. One can live in the middle of Babylon and not
        belong to it.""",
    "counting-cost": """A builder sits down first and works out whether the stones will be enough. Following costs
        reputation, evenings, plans; sometimes friends. It is honest to do the sum before, and not to hide the result from
        those whom we invite.""",
    "comfort": """Comfort is not evil, but it is a jealous master. It asks for one small concession a day. When we notice,
        we have arranged our whole life so that nothing in it needs God any more.""",
    "idols": """An idol is rarely made of gold. It is a good thing that we ask to do what only God can do. You recognise it
        by two signs: the thought of losing it makes you panic, and for its sake you are ready to do wrong.""",
    "tongue": """The tongue is a small rudder on a large ship. A remark at the coffee machine can set a whole congregation
        on fire. Before you speak of somebody who is absent, ask whether you would say it if they stood in the door.""",
    "test-spirits": """Do not believe every spirit, but test them. A true word bears the mark of Christ: it comes down, it
        serves, it leads to him and not to the messenger. A voice that makes you hurry and isolates you from others deserves
        suspicion.""",
    "scripture-slow": """Read slowly. One verse that goes with you through the day does more than three chapters before
        breakfast. Read it aloud, write it by hand, ask what it says before you ask what it says to you.""",
    "context": """A text without its context becomes a pretext. Ask who writes to whom, what stands before and after, and
        how the first readers understood it. Only then carry it over into your own kitchen.""",
    "lords-prayer": """Teach us to pray, they asked, and got few words. The Our Father begins with him: his name, his
        kingdom, his will. Only then come bread, debts and temptation. Whoever prays in this order finds that the list of
        wishes becomes shorter.""",
    "dry-prayer": """There are seasons in which heaven seems shut and words fall back from the ceiling. Stay. Psalms were
        written for such weeks. Borrow the words of others, keep the hour, and do not measure the love of God by what you
        feel.""",
    "silence": """Silence is not the absence of sound but the presence of attention. Ten minutes without a telephone are
        harder than an hour of singing. What rises in them first is unrest; below it waits something that knows your
        name.""",
    "sabbath": """One day in seven the work stops, finished or not. The Sabbath is a protest against every Pharaoh who
        counts only bricks. Whoever can lay down the tools confesses that the world is held by other hands.""",
    "fasting": """Fasting makes visible what holds us. Leave out a meal, the screen or the purchase, and listen to what
        complains. Hunger is a bell: each time it rings, it can become a prayer.""",
    "beloved": """Before he did a single miracle, the voice over the Jordan said: you are my beloved son. Identity comes
        before achievement. Who you are was said over you before you could earn it, and can therefore not be lost by
        failing.""",
    "envy": """Comparing is the thief of joy. We look at the stage of others and know our own backstage. Thankfulness does
        not begin when we have more, but when we stop counting what the neighbour has.""",
    "forgive-debt": """Forgiving does not mean that it was not bad. It means to tear up the note of debt that we could
        rightly present. Sometimes it must be done again each morning, seventy times seven, until the hand no longer
        closes.""",
    "enemy-love": """Love your enemies is the hardest sentence of the sermon. It does not ask for warm feelings. It asks for
        bread and water for the one who hurt you, and for his name in your intercession.""",
    "peacemaking": """When your brother has something against you, leave the offering and go. Go alone first, without an
        audience. Say what happened and how it was for you, and then listen longer than you spoke.""",
    "anger": """Anger is a messenger, not a king. It tells you that something precious is in danger. Hear the message, then
        let the sun not go down on it, for what is carried into the night becomes bitterness by morning.""",
    "anxious": """Look at the birds. The care that keeps us awake at three in the morning does not add an hour to life. Cast
        it, one by one and by name, on him who cares for you; and then do the next small thing.""",
    "lament": """Lament is not unbelief; it is faith that refuses to pretend. A third of the Psalms are complaints, and they
        are prayed to God's face. Grief that may cry out before him does not have to turn into coldness.""",
    "suffering": """Suffering is not in itself holy, and we do not look for it. But in the furnace there walked a fourth.
        Many tell afterwards that they would not wish it on anybody and would not give back what they learned there.""",
    "body": """The eye cannot say to the hand: I do not need you. Nobody grows alone. A coal taken out of the fire goes
        black within minutes, and put back among the others it glows again.""",
    "confess-each-other": """Confess your faults to each other. What was spoken aloud before a brother or sister no longer
        has to be carried in secret. Choose somebody who can keep silent and who does not flatter.""",
    "submission": """Authority in the kingdom is carried, not worn. Whoever wants to lead learns first to stand under
        someone: to be corrected, to hear no, to do the task that has no title.""",
    "towel": """He took a towel. The one who had all power in his hands washed feet. Greatness is measured in the kingdom by
        what one bends down for, and nobody outgrows this lesson.""",
    "sent": """As the Father sent me, so I send you. Being sent is not a matter of distance. The first mission field has
        your postcode; it begins with the name of the person who lives next door.""",
    "witness": """A witness does not have to win the case. He says what he has seen and heard. Tell in three sentences how
        it was before, what happened, and how it is now; and then ask the other about his own story.""",
    "calling": """Calling is rarely a lightning bolt. Look at three things: what breaks your heart, what you are able to do,
        and what others confirm in you. Where these three meet, take the next small step and see whether a door opens.""",
    "talents": """The master entrusts and goes on a journey. What you have, time, money, gifts, is on loan. The servant who
        buried his talent was not thieving; he was afraid, and fear is a bad administrator.""",
    "open-hand": """Give with an open hand, first and not from the remainder. Whoever gives a tenth does not buy the rest
        free. The question is no longer how much of mine I give, but how much of his I keep.""",
    "run-race": """Run so that you arrive. The second half of a marathon is decided in the head. Lay off the weight that you
        have grown fond of, look to the one who ran ahead, and take the next kilometre, not all of them.""",
    "burnout": """Elijah lay under the broom tree and wanted to die. God did not preach to him. He let him sleep, gave him
        bread, let him sleep again. Before some questions can be answered, the body needs rest and a meal.""",
    "multiply": """What you have heard, entrust to people who can teach others. Four generations stand in one verse. A
        disciple who makes no disciples is a river that runs into a pond.""",
    "parents": """Faith is passed on at the table and on the road rather than in a lesson. Children hear what we say at
        night when the car breaks down. Let them see you asking for forgiveness.""",
    "old-age": """To finish well is harder than to begin well. Let go of offices before they let go of you, bless those who
        come after, and keep a last task that nobody can take away: to pray for them by name.""",
}

# question, the passages that answer it (any of them counts), kind
QUESTIONS = (
    ("repentance is a turn not a feeling", {"first-turn"}, "same"),
    ("watchman warning danger", {"watchman"}, "same"),
    ("nobody can serve two masters money", {"two-masters"}, "same"),
    ("living in Babylon", {"leaving-city"}, "same"),
    ("signs of an idol", {"idols"}, "same"),
    ("test the spirits", {"test-spirits"}, "same"),
    ("Our Father bread debts temptation", {"lords-prayer"}, "same"),
    ("love your enemies", {"enemy-love"}, "same"),
    ("washed feet with a towel", {"towel"}, "same"),
    ("Elijah under the broom tree", {"burnout"}, "same"),
    ("talent buried by the servant", {"talents"}, "same"),
    ("psalms of complaint and lament", {"lament"}, "same"),
    ("text without context", {"context"}, "same"),
    ("praying in dry seasons", {"dry-prayer"}, "near"),
    ("how do I forgive again and again", {"forgive-debt"}, "near"),
    ("we were sleeping and must awake", {"sleeper"}, "near"),
    ("hiding things I am ashamed of", {"hidden-room", "confess-each-other"}, "near"),
    ("stopping work on the sabbaths", {"sabbath"}, "near"),
    ("counted the costs before following", {"counting-cost"}, "near"),
    ("being angry at night", {"anger"}, "near"),
    ("to fast and be hungry", {"fasting"}, "near"),
    ("teaching others to disciple others", {"multiply"}, "near"),
    ("submitting to leaders who correct me", {"submission"}, "near"),
    ("confessing to one another", {"confess-each-other"}, "near"),
    ("comparison with neighbours", {"envy"}, "near"),
    ("witnessing by telling my story", {"witness"}, "near"),
    ("giving the tithe", {"open-hand"}, "near"),
    ("I worry all the time and lie awake", {"anxious"}, "other"),
    ("God feels far away and nothing happens when I talk to him", {"dry-prayer", "lament"}, "other"),
    ("how should I study the Bible", {"scripture-slow", "context"}, "other"),
    ("my boss exhausts me, I have no strength left", {"burnout", "sabbath"}, "other"),
    ("what is my purpose in life", {"calling"}, "other"),
    ("how to reconcile after a quarrel", {"peacemaking", "forgive-debt"}, "other"),
    ("gossip about colleagues", {"tongue"}, "other"),
    ("am I worth anything if I do not succeed", {"beloved", "gift"}, "other"),
    ("can I be a Christian without going to church", {"body"}, "other"),
    ("is this prophecy really from God", {"test-spirits"}, "other"),
    ("how to talk to my neighbours about Jesus", {"witness", "sent"}, "other"),
    ("spending and wealth", {"two-masters", "open-hand"}, "other"),
    ("raising kids to believe", {"parents"}, "other"),
    ("someone mistreated me and I cannot let it go", {"forgive-debt", "enemy-love"}, "other"),
    ("why does God allow pain", {"suffering", "lament"}, "other"),
    ("I cannot sit still without my phone", {"silence"}, "other"),
    ("a life that has become too easy", {"comfort"}, "other"),
    ("do I have to earn salvation", {"gift"}, "other"),
    ("humble leadership", {"towel", "submission"}, "other"),
    ("retirement and handing over to the young", {"old-age"}, "other"),
    ("not giving up half way", {"run-race"}, "other"),
    ("jealous of my friends' success", {"envy"}, "other"),
    ("boring everyday life", {"ordinary-days"}, "other"),
    ("repentence and truning", {"first-turn"}, "misspelt"),
    ("forgivness", {"forgive-debt"}, "misspelt"),
    ("watchmen on teh wal", {"watchman"}, "misspelt"),
    ("the sabath and faraoh", {"sabbath"}, "misspelt"),
    ("comparision with neigbour", {"envy"}, "misspelt"),
    ("idolls of gould", {"idols"}, "misspelt"),
    ("lamentt and complaintss", {"lament"}, "misspelt"),
    ("stewardshipp talants", {"talents"}, "misspelt"),
    ("Babilon", {"leaving-city"}, "misspelt"),
    ("intercesion for enemys", {"enemy-love"}, "misspelt"),
)

# the same of the sample path that ships; an answer is a piece, whatever passage of it is found
SAMPLE_QUESTIONS = (
    ("Who told you that you were naked", {"authority-reset"}, "same"),
    ("where are you, hiding in the garden", {"disorientation"}, "same"),
    ("potter, clay and vessel", {"invitation-to-formation"}, "same"),
    ("Abram left his father's house", {"leaving-what-holds"}, "same"),
    ("Roman officer and his servant", {"under-authority"}, "same"),
    ("the shepherd leads and the thief drives", {"testing-the-spirits"}, "same"),
    ("Moses minding sheep, Samuel asleep", {"the-call"}, "same"),
    ("Elijah was told to eat", {"endurance"}, "same"),
    ("who builds a tower", {"counting-the-cost"}, "same"),
    ("a rule is a trellis", {"a-rule-of-prayer"}, "same"),
    ("believing and testing spirits", {"testing-the-spirits"}, "near"),
    ("enduring a long race", {"endurance"}, "near"),
    ("praying at fixed hours", {"a-rule-of-prayer"}, "near"),
    ("obeying orders from above", {"under-authority"}, "near"),
    ("callings and errands", {"the-call"}, "near"),
    ("counted costs", {"counting-the-cost"}, "near"),
    ("teachers handing on to others", {"teach-and-hand-on"}, "near"),
    ("comforting things that hold me", {"leaving-what-holds"}, "near"),
    ("shaped and transformed", {"invitation-to-formation"}, "near"),
    ("losing certainties", {"disorientation"}, "near"),
    ("I am worn out from serving and get no gratitude", {"endurance"}, "other"),
    ("my old life does not work any more", {"disorientation"}, "other"),
    ("negative beliefs from childhood", {"authority-reset"}, "other"),
    ("how can I tell whether it is God speaking", {"testing-the-spirits", "disorientation"}, "other"),
    ("finding my vocation", {"the-call"}, "other"),
    ("building a daily habit with God", {"a-rule-of-prayer", "invitation-to-formation"}, "other"),
    ("to whom should I be accountable", {"under-authority"}, "other"),
    ("mentoring younger Christians", {"teach-and-hand-on"}, "other"),
    ("what do I have to give up for Jesus", {"counting-the-cost", "leaving-what-holds"}, "other"),
    ("why does this take so long", {"invitation-to-formation"}, "other"),
    ("letting go of the past", {"leaving-what-holds"}, "other"),
    ("succession in ministry", {"teach-and-hand-on"}, "other"),
    ("habits make a person", {"invitation-to-formation"}, "other"),
    ("feeling condemned and guilty", {"disorientation"}, "other"),
)
