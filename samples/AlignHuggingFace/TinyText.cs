namespace AlignHuggingFace;

/// <summary>Beginnings of film reviews. Stateless.</summary>
internal static class TinyText
{
    private static readonly string[] Subjects = ["The film", "The story", "The ending", "The cast", "The music"];
    private static readonly string[] Verbs = ["was", "seemed", "felt", "could have been"];

    /// <summary>Twenty prompts.</summary>
    public static IEnumerable<string> Prompts => Subjects.SelectMany(subject => Verbs.Select(verb => $"{subject} {verb}"));
}
