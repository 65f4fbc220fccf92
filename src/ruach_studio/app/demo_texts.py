"""What the demo's member writes on the first phase of the sample path; our own words, a text per step."""

TEXTS: dict[str, str] = {
    "disorientation-reflection": (
        "Three weeks ago I sat in the car outside the school and could not go in. I was a teacher for eleven years"
        " and I felt empty and afraid, because I had nothing left to give. It was hard to admit it, even to my wife. I"
        " noticed that I had been hiding behind being needed. Looking back, I see that I said yes to everything so"
        " that nobody would look closer. My wife told me that from her side I had been away for a long time. I"
        " realised that I miss prayer, and that I avoided it because I was ashamed. I want to stop running, and I will"
        " tell one colleague this week how it is."
    ),
    "disorientation-checkpoint": (
        "It no longer holds that I am worth what I get done. I know that this is conviction and not accusation,"
        " because it names one thing and shows me a door, while the other voice only told me to give up. I struggled"
        " to write that sentence; I was embarrassed by how small it looks. I have understood that I fear being"
        " ordinary. I believe that God asks where I am and not how much I have done. When I think back on last winter"
        " I see how tired I was and how I explained it away. I will say this sentence to Martin on Thursday, and I"
        " plan to ask him to listen without advice."
    ),
    "authority-reset-reflection": (
        "The sentence was: whoever rests is lazy. My grandfather said it at the table, and I was nine years old. I"
        " felt proud when he nodded at me and frightened when he did not. Last month it made me refuse a free Sunday"
        " that a friend offered; I stayed and corrected papers until night. I wrestled with that evening for days. I"
        " learned that I obeyed a dead man more than Scripture. When I look back I ask myself who would have been"
        " angry if I had gone. My friend thought that I did not care for him, and I can see why. Next time I am going"
        " to say yes first and count the papers afterwards."
    ),
    "authority-reset-checkpoint": (
        "On Saturday I will switch the laptop off at six in the evening, against the voice that says rest has to be"
        " earned. Jesus went away to a lonely place while people were still looking for him, and he was not late for"
        " anything that mattered. What makes it difficult is that I am anxious about Monday; I had a bad dream about"
        " it yesterday. I noticed that I bargain with this fear instead of praying. Until now I thought that obedience"
        " must be large. I discovered that a small one frightens me more, because it is real. I decided to tell my"
        " children, and they will remember it even if I forget."
    ),
    "invitation-reflection": (
        "Yesterday I woke up and looked at my phone before I had said a word to anyone. I envied a man from"
        " university for his house and I repeated an argument in my head until noon. In the evening I was irritated"
        " and sad. It is not easy to see that I was being formed all day long, and not by what I say I believe. I"
        " became aware that comparing makes me small and hard. In hindsight the only quiet moment was the walk with"
        " the dog, and I felt grateful then. My daughter saw it differently: for her it was a good day, since I had"
        " time for her homework. From now on I would like to begin with a psalm."
    ),
    "invitation-checkpoint": (
        "My answer is yes, with fear. I say yes because I have tried for years to change by resolutions, and I failed"
        " each time. I learned here that I am invited and not hired. I will read and write at the kitchen table at"
        " half past six, before the others get up, and my neighbour Anna may ask me on Sundays how it goes. I was"
        " surprised that I felt relief when she agreed. What I doubt is whether I will keep on in winter; I know my"
        " excuses. When I think about it, I notice that Elijah was given bread before he was given a task. I trust"
        " that I do not have to bring the whole way today."
    ),
}
