using System.Text.RegularExpressions;
using VariationalBoN.Tests.Packaging;

namespace VariationalBoN.Tests.Architecture;

/// <summary>What the formatter leaves alone: the length of comments.</summary>
[Trait("Tier", "fast")]
public sealed partial class SourceLineTests
{
    private const int Longest = 140; // max_line_length of .editorconfig

    [Theory]
    [InlineData("src")]
    [InlineData("samples")]
    [InlineData("benchmarks")]
    public void Lines_with_comments_are_no_longer_than_lines_of_code(string folder)
    {
        string[] files =
        [
            .. Directory
                .EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
                .Where(file => !Built().IsMatch(Path.GetRelativePath(Repository.Root, file))),
        ];

        Assert.NotEmpty(files);
        Assert.Equal(
            [],
            files
                .SelectMany(file => File.ReadLines(file).Select((line, i) => (Place: $"{file}:{i + 1}", Line: line)))
                .Where(at => at.Line.Length > Longest && Comment().IsMatch(at.Line))
                .Select(at => $"{Path.GetRelativePath(Repository.Root, at.Place)}: {at.Line.Length} characters")
        );
    }

    [GeneratedRegex(@"[/\\](bin|obj)[/\\]")]
    private static partial Regex Built();

    [GeneratedRegex("//[ /]")] // not that of an address
    private static partial Regex Comment();
}
