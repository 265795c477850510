using SentimentControl.Reporting;

namespace VariationalBoN.Experiments.Grid;

/// <summary>A study beside the grid itself: what it runs, and its section of the summary.</summary>
/// <param name="Name">What it is asked for by; part of the names of its files.</param>
/// <param name="Title">The heading of its section.</param>
/// <param name="Parts">What it runs; the argument says whether small.</param>
/// <param name="Text">Its section without the heading.</param>
internal sealed record GridStudy(
    string Name,
    string Title,
    Func<bool, IEnumerable<StudyPart>> Parts,
    Func<StudyTables, ComparedStudies, string> Text
);

/// <summary>One setting of a study.</summary>
/// <param name="Method">The method.</param>
/// <param name="N">The values of N.</param>
/// <param name="Variation">What is varied.</param>
internal sealed record StudyPart(Method Method, int[] N, Variation Variation);
