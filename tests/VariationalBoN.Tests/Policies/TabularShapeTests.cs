using VariationalBoN.Policies;

namespace VariationalBoN.Tests.Policies;

[Trait("Tier", "fast")]
public sealed class TabularShapeTests
{
    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 5)]
    [InlineData(3, 3)]
    public void Contexts_and_sequences_are_numbered_as_their_tokens_are_written(int vocabulary, int length)
    {
        var shape = new TabularShape(vocabulary, length);
        int[][] prefixes =
        [
            [],
        ];
        var contexts = new List<int>();
        for (int t = 0; t < length; t++)
        {
            for (int prefix = 0; prefix < prefixes.Length; prefix++)
                contexts.Add(shape.Context(t, prefix));
            prefixes = [.. prefixes.SelectMany(earlier => Enumerable.Range(0, vocabulary).Select(token => (int[])[.. earlier, token]))];
        }

        Assert.Equal((vocabulary, length), (shape.Vocabulary, shape.Length));
        Assert.Equal(Enumerable.Range(0, shape.Contexts), contexts);
        Assert.Equal(prefixes, Enumerable.Range(0, shape.Sequences).Select(shape.Tokens));
        for (int t = 0; t <= length; t++)
        {
            foreach (int sequence in Enumerable.Range(0, shape.Sequences))
                Assert.Equal(
                    shape.Tokens(sequence)[..t].Aggregate(0, (number, token) => (number * vocabulary) + token),
                    shape.Prefix(sequence, t)
                );
        }
    }

    [Theory]
    [InlineData(0, 1, "vocabularySize")]
    [InlineData(1, 0, "length")]
    [InlineData(1000, 4, "length")]
    public void A_table_that_no_array_can_hold_is_refused(int vocabulary, int length, string parameter) =>
        Assert.Equal(parameter, Assert.Throws<ArgumentOutOfRangeException>(() => new TabularShape(vocabulary, length)).ParamName);
}
