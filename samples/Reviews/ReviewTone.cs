using static SampleReviews.ReviewWords;

namespace SampleReviews;

/// <summary>How kindly a text of the grammar speaks: a truth that is known, for judges to be held against. Stateless.</summary>
public static class ReviewTone
{
    private static readonly HashSet<string> Negations = ["not", "never"];
    private static readonly HashSet<string> Adjectival = [.. Adjectives.Select(entry => entry.Text)];

    /// <summary>Every phrase by its words; those without valence are there so that their words are not read alone ("in a quiet town").</summary>
    private static readonly Dictionary<string, double?> Phrases = new[] { Aspects, Genres, Adverbs, Links, Heroes, Deeds, Settings, Companions, Places, Facts }
        .SelectMany(list => list).Distinct().Select(text => (Text: text, Valence: (double?)null))
        .Concat(new[] { Adjectives, Nouns, Reactions, Verdicts, Summaries }.SelectMany(list => list).Select(entry => (entry.Text, (double?)entry.Valence)))
        .GroupBy(entry => entry.Text).ToDictionary(group => group.Key, group => group.Last().Item2);

    private static readonly int Longest = Phrases.Keys.Max(text => text.Split(' ').Length);

    /// <summary>The mean valence of what a text says, -2 to 2: of its valued phrases, those behind "not" and "never" with the other sign; 0 where it says nothing.</summary>
    /// <param name="text">Words and signs, one space apart.</param>
    public static double Of(string text)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        double sum = 0;
        int count = 0;
        for (int at = 0; at < words.Length;)
        {
            (int length, double? valence) = PhraseAt(words, at);
            if (valence is double value)
            {
                bool turned = at > 0 && Negations.Contains(words[at - 1]) && Adjectival.Contains(words[at]) && length == 1;
                sum += turned ? -value : value;
                count++;
            }

            at += length;
        }

        return count == 0 ? 0 : sum / count;
    }

    /// <summary>The longest phrase that begins at a word, in words, with its valence.</summary>
    private static (int Length, double? Valence) PhraseAt(string[] words, int at)
    {
        for (int length = Math.Min(Longest, words.Length - at); length >= 1; length--)
        {
            if (Phrases.TryGetValue(string.Join(' ', words, at, length), out double? valence))
                return (length, valence);
        }

        return (1, null);
    }
}
