using System.Globalization;

namespace VariationalBoN.TokenizerReference;

/// <summary>How a tokenizer of the library compares with the original.</summary>
/// <param name="Row">A row of a table.</param>
/// <param name="Examples">The first differences, or why there is none.</param>
/// <param name="IsSame">Whether both gave the same, or both refused the file.</param>
internal sealed record ComparisonResult(string Row, IReadOnlyList<string> Examples, bool IsSame)
{
    internal static ComparisonResult Of(
        string name,
        int entries,
        int texts,
        long characters,
        int ids,
        int decoded,
        List<string> examples
    ) =>
        new(
            string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {entries} | {texts} | {characters} | {ids} | {decoded} | {(ids + decoded == 0 ? "same" : "differs")} |"
            ),
            examples,
            ids + decoded == 0
        );

    internal static ComparisonResult Refused(string name, string? ours, string? original) =>
        new(
            $"| {name} | | | | | | "
                + $"{(ours is null ? "refused by the original alone" : original is null ? "refused here alone" : "refused by both")} |",
            [$"here: {ours ?? "loaded"}", $"original: {original ?? "loaded"}"],
            ours is not null && original is not null
        );
}
