namespace SampleReviews;

/// <summary>The words and phrases of the grammar; where a number stands it is the valence, from -2 (bad) to 2 (good).</summary>
/// <remarks>Every list was written for this project: no review of anyone's was used.</remarks>
public static class ReviewWords
{
    public static readonly (string Text, double Valence)[] Adjectives =
    [
        ("wonderful", 2),
        ("superb", 2),
        ("brilliant", 2),
        ("beautiful", 1.8),
        ("moving", 1.6),
        ("delightful", 1.8),
        ("charming", 1.5),
        ("lovely", 1.5),
        ("clever", 1.4),
        ("funny", 1.3),
        ("gripping", 1.5),
        ("fresh", 1.1),
        ("warm", 1.1),
        ("honest", 1),
        ("solid", .8),
        ("bright", .8),
        ("decent", .5),
        ("fine", .5),
        ("simple", .1),
        ("quiet", .1),
        ("strange", 0),
        ("familiar", -.1),
        ("long", -.3),
        ("loud", -.4),
        ("odd", -.2),
        ("uneven", -.7),
        ("thin", -1),
        ("slow", -.8),
        ("flat", -1.1),
        ("messy", -1.1),
        ("clumsy", -1.2),
        ("dull", -1.5),
        ("weak", -1.4),
        ("lazy", -1.6),
        ("stale", -1.5),
        ("boring", -1.8),
        ("tired", -1.2),
        ("painful", -1.8),
        ("lifeless", -1.9),
        ("dreadful", -2),
        ("terrible", -2),
        ("awful", -2),
    ];

    public static readonly (string Text, double Valence)[] Nouns =
    [
        ("joy", 2),
        ("triumph", 2),
        ("treat", 1.6),
        ("pleasure", 1.6),
        ("surprise", .9),
        ("puzzle", -.1),
        ("chore", -1.4),
        ("mess", -1.5),
        ("bore", -1.7),
        ("disaster", -2),
        ("waste of time", -2),
        ("disappointment", -1.6),
    ];

    public static readonly (string Text, double Valence)[] Reactions =
    [
        ("laughed out loud", 1.6),
        ("cried happy tears", 1.7),
        ("smiled all the way home", 1.8),
        ("cheered at the end", 1.7),
        ("forgot the time", 1.4),
        ("stayed for the credits", .9),
        ("checked the time", -.9),
        ("fell asleep", -1.4),
        ("left early", -1.6),
        ("nearly walked out", -1.8),
        ("asked for a refund", -2),
        ("wanted my evening back", -1.8),
        ("shrugged", -.3),
        ("ate all the popcorn", .1),
    ];

    public static readonly (string Text, double Valence)[] Verdicts =
    [
        ("highly recommended", 2),
        ("do not miss it", 1.9),
        ("see it twice", 1.8),
        ("a joy from start to finish", 2),
        ("worth every minute", 1.7),
        ("worth your time", 1.1),
        ("see it if you can", .9),
        ("good for a slow evening", .4),
        ("it passes the time", 0),
        ("not for everyone", -.2),
        ("wait until it is free", -.9),
        ("save your money", -1.5),
        ("skip this one", -1.5),
        ("stay away", -1.8),
        ("avoid at all costs", -2),
        ("a waste of two hours", -1.9),
    ];

    public static readonly (string Text, double Valence)[] Summaries =
    [
        ("everything works", 1.6),
        ("every scene shines", 1.8),
        ("the jokes land", 1.3),
        ("the time flies by", 1.5),
        ("nothing is wasted", 1.2),
        ("it grows on you", .8),
        ("it has its moments", .3),
        ("it goes on for ever", -1.2),
        ("the jokes fall flat", -1.4),
        ("nothing works", -1.7),
        ("nobody seems to care", -1.3),
        ("it makes no sense", -1.4),
        ("i felt nothing", -1.3),
    ];

    public static readonly string[] Aspects =
    [
        "acting",
        "plot",
        "script",
        "ending",
        "music",
        "camera work",
        "dialogue",
        "pacing",
        "cast",
        "story",
        "humour",
        "editing",
        "villain",
        "opening scene",
        "second half",
        "soundtrack",
        "romance",
        "final act",
        "lead actor",
        "whole film",
    ];

    public static readonly string[] Genres =
    [
        "comedy",
        "thriller",
        "romance",
        "western",
        "drama",
        "ghost story",
        "war film",
        "musical",
        "heist film",
        "documentary",
        "mystery",
        "sequel",
    ];

    public static readonly string[] Adverbs =
    [
        "very",
        "quite",
        "rather",
        "truly",
        "so",
        "almost",
        "simply",
        "surprisingly",
        "a bit",
        "too",
    ];

    public static readonly string[] Links = ["was", "felt", "seemed", "looked"];

    public static readonly string[] Heroes =
    [
        "two brothers",
        "a young nurse",
        "an old sailor",
        "a retired detective",
        "a lonely teacher",
        "three sisters",
        "a night guard",
        "a stubborn farmer",
        "a jazz singer",
        "a lost dog",
    ];

    public static readonly string[] Deeds =
    [
        "inherited a farm",
        "robbed a bank",
        "fell in love",
        "crossed the desert",
        "ran a small hotel",
        "solved a murder",
        "learned to dance",
        "hid from the law",
        "opened a bakery",
        "looked for gold",
    ];

    public static readonly string[] Settings =
    [
        "in winter",
        "by the sea",
        "in a quiet town",
        "during the war",
        "on a night train",
        "in old paris",
        "after the storm",
        "far from home",
    ];

    public static readonly string[] Companions =
    [
        "my sister",
        "my father",
        "a friend",
        "the children",
        "my neighbour",
        "an old friend",
        "my class",
    ];

    public static readonly string[] Places =
    [
        "on a rainy sunday",
        "at a festival",
        "on a plane",
        "at home",
        "in a packed cinema",
        "on a small screen",
        "last night",
    ];

    public static readonly string[] Facts =
    [
        "it runs for ninety minutes",
        "it was filmed in norway",
        "the book came out years ago",
        "the director is new to me",
        "it is in black and white",
        "there are no big stars in it",
        "it has four songs",
        "it won a small prize",
    ];

    /// <summary>Words that stand in the templates of <see cref="ReviewGrammar"/> only.</summary>
    private const string TemplateWords = "the and were it was a an what i this is about who we saw watched with not never but . ,";

    /// <summary>All words of the grammar in ordinal order.</summary>
    public static IReadOnlyList<string> Vocabulary { get; } =
    [
        .. new[] { Adjectives, Nouns, Reactions, Verdicts, Summaries }
            .SelectMany(list => list.Select(entry => entry.Text))
            .Concat(new[] { Aspects, Genres, Adverbs, Links, Heroes, Deeds, Settings, Companions, Places, Facts }.SelectMany(list => list))
            .Append(TemplateWords)
            .SelectMany(text => text.Split(' '))
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];
}
