using System.Text.RegularExpressions;

namespace VariationalBoN.Tests.Packaging;

/// <summary>
/// Code in README.md and docs is code that is compiled: each C# block stands under a line
/// <c>&lt;!-- snippet: path#name --&gt;</c> and equals what stands in that file between <c>// snippet: name</c> and <c>// end snippet</c>.
/// </summary>
[Trait("Tier", "fast")]
public sealed partial class DocumentationTests
{
    public static TheoryData<string> Documents => [.. Paths()];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Each_block_of_CSharp_equals_the_compiled_code_it_names(string document)
    {
        string text = Repository.Read(document);
        MatchCollection blocks = Block().Matches(text);

        Assert.Equal(Regex.Count(text, "^```(csharp|cs|c#)", RegexOptions.Multiline | RegexOptions.IgnoreCase), blocks.Count);
        foreach (Match block in blocks)
        {
            (string path, string name) = (block.Groups["path"].Value, block.Groups["name"].Value);
            Match source = Regex.Match(Repository.Read(path), $@"// snippet: {Regex.Escape(name)}\r?\n(?<code>.*?)// end snippet", RegexOptions.Singleline);
            Assert.True(source.Success, $"{document} names {path}#{name}, but there is no '// snippet: {name}' ... '// end snippet' in {path}.");
            Assert.Equal(Squeeze(source.Groups["code"].Value), Squeeze(block.Groups["code"].Value));
        }
    }

    [Fact]
    public void Readme_shows_the_training_loop()
    {
        string code = string.Concat(Block().Matches(Repository.Read("README.md")).Select(block => block.Groups["code"].Value));

        foreach (string call in (string[])["ReferenceTable.EstimateAsync", "policy.Sample", "ScoreAsync", "LogTargets", "ScoreFunction.Loss", "backward()"])
            Assert.Contains(call, code, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Each_relative_link_leads_to_a_file(string document)
    {
        string folder = Path.GetDirectoryName(Path.Combine(Repository.Root, document))!;
        IEnumerable<string> missing = Link().Matches(Repository.Read(document)).Select(link => link.Groups["path"].Value)
            .Where(path => path.Length > 0 && !path.Contains("://", StringComparison.Ordinal))
            .Where(path => !Path.Exists(Path.Combine(folder, path)));

        Assert.Empty(missing);
    }

    private static IEnumerable<string> Paths() =>
        Directory.EnumerateFiles(Repository.Root, "*.md")
            .Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(Repository.Root, path)).Order(StringComparer.Ordinal);

    private static string Squeeze(string code) => Regex.Replace(code, @"\s+", "");

    [GeneratedRegex(@"<!-- snippet: (?<path>[^#\s]+)#(?<name>\S+) -->\r?\n```csharp\r?\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"\]\((?<path>[^)#\s]*)(#[^)]*)?\)")]
    private static partial Regex Link();
}
