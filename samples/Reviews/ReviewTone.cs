using static SampleReviews.ReviewWords;

namespace SampleReviews;

/// <summary>How positive a text of the grammar is: a known truth that judges are compared with. Stateless.</summary>
public static class ReviewTone
{
    private static readonly HashSet<string> Negations = ["not", "never"];
    private static readonly HashSet<string> Adjectival = [.. Adjectives.Select(entry => entry.Text)];

    /// <summary>Phrases by their first word, longest first; those without valence are there
    /// so that their words are not read alone ("in a quiet town").</summary>
    private static readonly Dictionary<string, Phrase[]> Phrases = new[] { Adjectives, Nouns, Reactions, Verdicts, Summaries }
        .SelectMany(list => list)
        .Select(entry => new Phrase(entry.Text.Split(' '), entry.Valence))
        .Concat(
            new[] { Aspects, Genres, Adverbs, Links, Heroes, Deeds, Settings, Companions, Places, Facts }
                .SelectMany(list => list)
                .Select(text => new Phrase(text.Split(' '), null))
        )
        .GroupBy(phrase => phrase.Words[0])
        .ToDictionary(group => group.Key, group => group.OrderByDescending(phrase => phrase.Words.Length).ToArray());

    /// <summary>The mean valence of what a text says, -2 to 2: of its phrases with a valence,
    /// those after "not" and "never" with the opposite sign; 0 where it has none.</summary>
    /// <param name="text">Words and signs, one space apart.</param>
    public static double Of(string text)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        double sum = 0;
        int count = 0;
        for (int at = 0; at < words.Length; )
        {
            var phrase = PhraseAt(words.AsSpan(at));
            if (phrase?.Valence is double valence)
            {
                bool turned = at > 0 && Negations.Contains(words[at - 1]) && Adjectival.Contains(words[at]) && phrase.Words.Length == 1;
                sum += turned ? -valence : valence;
                count++;
            }

            at += phrase?.Words.Length ?? 1;
        }

        return count == 0 ? 0 : sum / count;
    }

    /// <summary>The longest phrase that words begin with; one with a valence before one without.</summary>
    private static Phrase? PhraseAt(ReadOnlySpan<string> words)
    {
        foreach (var phrase in Phrases.GetValueOrDefault(words[0]) ?? [])
        {
            if (words.StartsWith(phrase.Words))
                return phrase;
        }

        return null;
    }

    private sealed record Phrase(string[] Words, double? Valence);
}
