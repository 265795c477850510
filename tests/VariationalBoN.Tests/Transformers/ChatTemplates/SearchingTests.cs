using VariationalBoN.Transformers.ChatTemplates;

namespace VariationalBoN.Tests.Transformers.ChatTemplates;

/// <summary>The search that no text can slow down finds what the search of .NET finds.</summary>
[Trait("Tier", "fast")]
public sealed class SearchingTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_finds_what_the_search_of_NET_finds(int alphabet)
    {
        var random = new Random(alphabet);
        int found = 0;
        for (int i = 0; i < 3000; i++)
        {
            string text = Text(random, alphabet, random.Next(0, 300));
            int length = random.Next(0, 80);
            string wanted =
                random.Next(3) > 0 && text.Length >= length
                    ? text.Substring(random.Next(text.Length - length + 1), length)
                    : Text(random, alphabet, length);

            int first = Searching.IndexOf(text, wanted);
            Assert.Equal(text.IndexOf(wanted, StringComparison.Ordinal), first);
            Assert.Equal(text.LastIndexOf(wanted, StringComparison.Ordinal), Searching.LastIndexOf(text, wanted));
            if (length > 0)
                Assert.Equal(text.AsSpan().Count(wanted), Searching.Count(text, wanted));
            found += first >= 0 && length > 32 ? 1 : 0;
        }

        Assert.True(found > 300, $"{found} long texts found");
    }

    [Fact]
    public void A_long_text_that_almost_matches_everywhere_is_searched_once()
    {
        string text = new('a', 400_000),
            wanted = new string('a', 200_000) + "b";

        Assert.Equal(-1, Searching.IndexOf(text, wanted));
        Assert.Equal(-1, Searching.LastIndexOf(text, "b" + wanted[..^1]));
        Assert.Equal(200_000, Searching.IndexOf(text + "b", wanted));
    }

    private static string Text(Random random, int alphabet, int length) =>
        string.Concat(Enumerable.Range(0, length).Select(_ => (char)('a' + random.Next(alphabet))));
}
