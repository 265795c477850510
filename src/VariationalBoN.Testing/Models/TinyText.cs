using System.Collections.Immutable;

namespace VariationalBoN.Testing.Models;

/// <summary>Sentences about films, from a small grammar: the text of <see cref="TinyLanguageModel"/> and
/// <see cref="TinyClassifier"/>.</summary>
/// <remarks>All is the same in each run and on each machine. Immutable, thread-safe.</remarks>
public static class TinyText
{
    private const int Count = 2000;
    private static readonly string[] s_subjects = ["The film", "The story", "The ending", "The cast", "The music"];
    private static readonly string[] s_verbs = ["was", "seemed", "felt", "could have been"];
    private static readonly string[] s_degrees = ["", "", " very", " rather", " a little"];
    private static readonly string[] s_times = ["", "", " at first", " in the end", " from beginning to end"];

    /// <summary>Words of praise, each with the same chance in a sentence as each of <see cref="BlameWords"/>.</summary>
    public static ImmutableArray<string> PraiseWords { get; } = ["moving", "clever", "funny", "bright", "warm"];

    /// <summary>Words of blame.</summary>
    public static ImmutableArray<string> BlameWords { get; } = ["slow", "dull", "loud", "cold", "flat"];

    /// <summary>Twenty beginnings of sentences, such as "The film was".</summary>
    public static ImmutableArray<string> Prompts { get; } =
    [.. s_subjects.SelectMany(subject => s_verbs.Select(verb => $"{subject} {verb}"))];

    /// <summary>Two thousand sentences, such as "The cast seemed very warm but a little slow in the end."</summary>
    public static ImmutableArray<string> Sentences { get; } = [.. Enumerable.Range(0, Count).Select(Sentence)];

    /// <summary>The number of words of praise in a text minus the number of words of blame.</summary>
    /// <param name="text">Any text.</param>
    public static int Tone(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] words = text.Split([' ', '.', ','], StringSplitOptions.RemoveEmptyEntries);
        return words.Count(PraiseWords.Contains) - words.Count(BlameWords.Contains);
    }

    private static string Sentence(int index)
    {
        var random = new CounterRandom(new DrawSeed(1), "tiny text", index);
        long drawn = 0;
        string quality = $"{One(s_degrees)} {Word()}";
        string second = One(["", " and", " but"]) is { Length: > 0 } joint ? $"{joint}{One(s_degrees)} {Word()}" : "";
        return $"{One(Prompts)}{quality}{second}{One(s_times)}.";

        string Word() => One(One([PraiseWords, BlameWords]));
        T One<T>(IReadOnlyList<T> of) => of[(int)(random.Uniform(drawn++) * of.Count)];
    }
}
