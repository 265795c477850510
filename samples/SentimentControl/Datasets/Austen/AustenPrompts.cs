using VariationalBoN;

namespace SentimentControl.Datasets.Austen;

/// <summary>Prompts: how sentences of the held-out chapters begin. Stateless, thread-safe.</summary>
internal static class AustenPrompts
{
    /// <summary>The number of words in a prompt.</summary>
    public const int Words = 2;

    /// <summary>Different beginnings in a fixed shuffled order.</summary>
    /// <param name="segments">All segments; those of held-out chapters that begin a sentence are used.</param>
    /// <returns>The prompts, no string twice.</returns>
    public static string[] From(IEnumerable<AustenSegment> segments)
    {
        string[] beginnings = [.. segments
            .Where(segment => segment is { HeldOut: true, StartsSentence: true, Kind: not SegmentKind.Mixed })
            .Select(segment => string.Join(' ', segment.Text.Split(' ').Take(Words)))
            .Where(beginning => beginning.All(character => char.IsLetter(character) || character == ' '))
            .Distinct()];
        return [.. beginnings.OrderBy(beginning => new CounterRandom(new DrawSeed(0), beginning, 0).Uniform(0))];
    }
}
