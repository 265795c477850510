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
            Match source = Regex.Match(
                Repository.Read(path),
                $@"// snippet: {Regex.Escape(name)}\r?\n(?<code>.*?)// end snippet",
                RegexOptions.Singleline
            );
            Assert.True(
                source.Success,
                $"{document} names {path}#{name}, but there is no '// snippet: {name}' ... '// end snippet' in {path}."
            );
            Assert.Equal(Squeeze(source.Groups["code"].Value), Squeeze(block.Groups["code"].Value));
        }
    }

    [Fact]
    public void Readme_shows_the_training_loop()
    {
        string code = string.Concat(Block().Matches(Repository.Read("README.md")).Select(block => block.Groups["code"].Value));

        foreach (
            string call in (string[])
                ["ReferenceTable.EstimateAsync", "policy.Sample", "ScoreAsync", "LogTargets", "ScoreFunction.Loss", "backward()"]
        )
            Assert.Contains(call, code, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void Each_relative_link_leads_to_a_file_and_its_anchor_to_a_heading(string document)
    {
        string folder = Path.GetDirectoryName(Path.Combine(Repository.Root, document))!;
        IEnumerable<string> broken = Link()
            .Matches(WithoutCode(Repository.Read(document)))
            .Where(link => !link.Groups["path"].Value.Contains(':', StringComparison.Ordinal)) // of this repository
            .Where(link => !Leads(Path.Combine(folder, link.Groups["path"].Value), link.Groups["anchor"].Value, document))
            .Select(link => link.Value);

        Assert.Empty(broken);
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/site/toc.yml")]
    public void Each_page_is_named(string by)
    {
        string text = Repository.Read(by);
        IEnumerable<string> missing = Directory
            .GetFiles(Path.Combine(Repository.Root, "docs"), "*.md")
            .Select(path => Path.GetFileName(path))
            .Where(page => !text.Contains($"/{page}", StringComparison.Ordinal));

        Assert.Empty(missing);
    }

    [Theory]
    [InlineData("## The walk of `one` prompt", "the-walk-of-one-prompt", true)]
    [InlineData("## KL(pi || pi_bon), N = 8", "klpi--pi_bon-n--8", true)]
    [InlineData("## Limits\n\n## Limits", "limits-1", true)]
    [InlineData("## Limits", "limit", false)]
    [InlineData("```\n# no heading\n```", "no-heading", false)]
    public void Anchors_are_those_that_GitHub_makes(string page, string anchor, bool there) =>
        Assert.Equal(there, Anchors(page).Contains(anchor));

    private static bool Leads(string path, string anchor, string document)
    {
        string target =
            path.EndsWith(Path.DirectorySeparatorChar) && !Directory.Exists(path) ? Path.Combine(Repository.Root, document) : path;
        return Path.Exists(target)
            && (
                anchor.Length == 0
                || !target.EndsWith(".md", StringComparison.Ordinal)
                || Anchors(File.ReadAllText(target)).Contains(anchor)
            );
    }

    private static HashSet<string> Anchors(string page)
    {
        var anchors = new HashSet<string>();
        foreach (Match heading in Heading().Matches(WithoutCode(page)))
        {
            string anchor = NotInAnchor().Replace(heading.Groups["text"].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-');
            for (int again = 1; !anchors.Add(again == 1 ? anchor : $"{anchor}-{again - 1}"); again++) { }
        }

        return anchors;
    }

    private static string WithoutCode(string page) => CodeBlock().Replace(page, "");

    private static IEnumerable<string> Paths() =>
        Directory
            .EnumerateFiles(Repository.Root, "*.md")
            .Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "samples"), "README.md", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(Repository.Root, path))
            .Order(StringComparer.Ordinal);

    private static string Squeeze(string code) => Regex.Replace(code, @"\s+", "");

    [GeneratedRegex(@"<!-- snippet: (?<path>[^#\s]+)#(?<name>\S+) -->\r?\n```csharp\r?\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"\]\((?<path>[^)#\s]*)(#(?<anchor>[^)]*))?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#{1,6} (?<text>.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{Nd} _-]")]
    private static partial Regex NotInAnchor();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
