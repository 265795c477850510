using SampleReviews;
using VariationalBoN;
using VariationalBoN.Rewards;

namespace TrainReward;

/// <summary>Preference pairs from the grammar of reviews, whose truth is known:
/// of two reviews that begin alike, the one that speaks more kindly is better. Stateless.</summary>
internal static class ReviewPairs
{
    private const int PromptWords = 3;

    /// <summary>Reviews that speak about alike are no pair: people would see no difference.</summary>
    private const double LeastDifference = 1;

    /// <summary>How kindly prompt and answer speak together, -2 to 2: the truth.</summary>
    public static double Truth(Prompt prompt, string answer) => ReviewTone.Of(prompt.Text + answer);

    /// <summary>How much better the chosen answer is by the truth; negative where the label is wrong.</summary>
    public static double Truth(PreferencePair pair) => Truth(pair.Prompt, pair.Chosen) - Truth(pair.Prompt, pair.Rejected);

    /// <summary>The pairs with the labels that the truth gives them.</summary>
    public static PreferencePair[] WithTrueLabels(PreferencePair[] pairs) =>
        [.. pairs.Select(pair => Truth(pair) >= 0 ? pair : pair.Reversed())];

    /// <summary>Pairs of which an exact share of labels is wrong, which ones by chance.</summary>
    /// <param name="count">How many.</param>
    /// <param name="flipped">The share of wrong labels.</param>
    /// <param name="seed">Fixes reviews and labels.</param>
    public static PreferencePair[] Draw(int count, double flipped, long seed)
    {
        PreferencePair[] right = [.. Right((int)(seed % int.MaxValue)).Take(count)];
        var random = new CounterRandom(new DrawSeed(seed), "labels", 0);
        int[] order = [.. Enumerable.Range(0, count).OrderBy(i => random.Uniform(i))];
        foreach (int i in order.Take((int)Math.Round(flipped * count)))
            right[i] = right[i].Reversed();
        return right;
    }

    /// <summary>Pairs without end, each label the truth; a review is in one pair at most.</summary>
    private static IEnumerable<PreferencePair> Right(int seed)
    {
        var grammar = new ReviewGrammar(seed);
        var waiting = new Dictionary<string, (string Answer, double Tone)>();
        for (long drawn = 0; ; drawn++)
        {
            string[] words = grammar.Next().Text.Split(' ');
            if (words.Length <= PromptWords)
                continue; // nothing is left to answer
            string prompt = string.Join(' ', words.Take(PromptWords)),
                answer = string.Concat(words.Skip(PromptWords).Select(word => $" {word}"));
            double tone = Truth(prompt, answer);
            if (!waiting.TryGetValue(prompt, out var other) || Math.Abs(tone - other.Tone) < LeastDifference)
            {
                waiting[prompt] = (answer, tone);
                continue;
            }

            waiting.Remove(prompt);
            var pair = new PreferencePair
            {
                Prompt = prompt,
                Chosen = answer,
                Rejected = other.Answer,
                ChosenFirst = drawn % 2 == 0,
            };
            yield return tone > other.Tone ? pair : pair.Reversed();
        }
    }
}
