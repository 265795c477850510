using static SampleReviews.ReviewWords;

namespace SampleReviews;

/// <summary>
/// Writes short film reviews. A review has a mood, each clause a tone near it, and each slot takes the word of valence v with weight
/// exp(-(v - tone)^2 / (2 * 0.75^2)); negation and "but" turn the tone around. Not thread-safe.
/// </summary>
public sealed class ReviewGrammar(int seed)
{
    private const double Spread = 0.75,
        ToneNoise = 0.6;
    private static readonly int[] Moods = [-2, -1, -1, 0, 0, 1, 1, 2];
    private readonly Random _random = new(seed);

    /// <summary>Writes the next review.</summary>
    public Review Next()
    {
        int mood = One(Moods);
        string text = Opening(Tone(mood));
        double u = _random.NextDouble(),
            tone = Tone(mood);
        for (
            int clauses =
                u < .15 ? 0
                : u < .75 ? 1
                : 2;
            clauses > 0;
            clauses--
        )
        {
            double joint = _random.NextDouble();
            tone = joint < .2 ? -tone : Tone(mood);
            text +=
                (
                    joint < .2 ? " , but "
                    : joint < .6 ? " and "
                    : " . "
                ) + Clause(tone);
        }

        if (_random.NextDouble() < .55)
            text += " . " + Near(Verdicts, Tone(mood));
        return new Review(text + " .", mood);
    }

    private string Opening(double tone) =>
        _random.NextDouble() switch
        {
            < .20 => $"this {One(Genres)} is {Judgement(tone)}",
            < .38 => $"{WithArticle(Near(Adjectives, tone))} {One(Genres)} about {One(Heroes)} who {One(Deeds)} {One(Settings)}",
            < .52 => $"{One(Heroes)} {One(Deeds)} {One(Settings)}",
            < .66 => $"we saw this {One(Genres)} {One(Places)}",
            < .74 => $"i watched it with {One(Companions)} {One(Places)}",
            _ => Clause(tone),
        };

    private string Clause(double tone) =>
        _random.NextDouble() switch
        {
            < .36 => $"the {One(Aspects)} {One(Links)} {Judgement(tone)}",
            < .48 => $"i {Near(Reactions, tone)}",
            < .60 => Near(Summaries, tone),
            < .68 => $"{One(Companions)} {Near(Reactions, tone)}",
            < .76 => $"it was {WithArticle(Near(Adjectives, tone))} {Near(Nouns, tone)}",
            < .84 => $"the {One(Aspects)} and the {One(Aspects)} were {Judgement(tone)}",
            < .92 => $"what {WithArticle(Near(Nouns, tone))}",
            _ => One(Facts),
        };

    private string Judgement(double tone) =>
        _random.NextDouble() switch
        {
            < .30 => $"{One(Adverbs)} {Near(Adjectives, tone)}",
            < .42 => $"not {Near(Adjectives, -tone)}",
            < .50 => $"never {Near(Adjectives, -tone)}",
            _ => Near(Adjectives, tone),
        };

    private static string WithArticle(string word) => ("aeiou".Contains(word[0]) || word == "honest" ? "an " : "a ") + word;

    private double Tone(double mood) => Math.Clamp(mood + (ToneNoise * Normal()), -2, 2);

    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());

    private T One<T>(T[] options) => options[_random.Next(options.Length)];

    private string Near((string Text, double Valence)[] options, double tone)
    {
        double[] weights = Array.ConvertAll(
            options,
            option => Math.Exp(-(option.Valence - tone) * (option.Valence - tone) / (2 * Spread * Spread))
        );
        double left = _random.NextDouble() * weights.Sum();
        int chosen = 0;
        while (chosen < options.Length - 1 && (left -= weights[chosen]) >= 0)
            chosen++;
        return options[chosen].Text;
    }
}
