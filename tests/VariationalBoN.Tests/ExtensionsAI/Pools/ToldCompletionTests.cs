using VariationalBoN.Extensions.AI.Pools;

namespace VariationalBoN.Tests.ExtensionsAI.Pools;

[Trait("Tier", "fast")]
public sealed class ToldCompletionTests
{
    private const double Nothing = double.NaN;
    private static readonly PieceTokenizer s_tokenizer = new();

    [Fact]
    public void What_is_said_of_every_token_is_taken_as_it_stands()
    {
        Assert.Equal([-1, -2], LogProbs([1, 2], (null, -1), (null, -2)));
        Assert.Equal([-1, -2], LogProbs([1, 2], (1, -1), (2, -2)));
    }

    [Fact]
    public void Of_tokens_that_end_within_a_character_nothing_is_said()
    {
        Assert.Equal([-1, Nothing, -2, -3], LogProbs([1, 2, 3, 0], (1, -1), (3, -2), (0, -3))); // a, é in two
        Assert.Equal([Nothing, -1, Nothing, -2], LogProbs([2, 3, 2, 3], (3, -1), (3, -2))); // the same twice

        Assert.Equal([-1, Nothing, Nothing], LogProbs([1, 4, 0], (1, -1))); // ends within one
    }

    /// <summary>The tail of a character without its beginning is no text and ends by U+FFFD, and yet the server says something of it: of
    /// which of two such tokens it does is not clear.</summary>
    [Fact]
    public void Where_it_is_not_clear_of_which_token_something_is_said_nothing_is_used() =>
        Assert.All(LogProbs([3, 2, 1], (3, -1), (1, -2)), value => Assert.True(double.IsNaN(value)));

    [Theory]
    [InlineData(new[] { 1, 2 }, new[] { 1, 3 })]
    [InlineData(new[] { 1, 2 }, new[] { 3 })]
    [InlineData(new[] { 1, 6, 2 }, new[] { 6, 1 })]
    [InlineData(new[] { 1 }, new[] { 1, 1 })]
    public void What_is_said_of_other_tokens_is_refused(int[] tokens, int[] told) =>
        Assert.Contains("tokens", Assert.Throws<FormatException>(() => LogProbs(tokens, [.. told.Select(id => ((int?)id, -1.0))])).Message);

    [Fact]
    public void Fewer_than_tokens_without_their_ids_are_refused() =>
        Assert.Contains("2 tokens and 1 log-probabilities", Assert.Throws<FormatException>(() => LogProbs([1, 2], (null, -1))).Message);

    [Fact]
    public void Each_token_is_decoded_with_those_of_its_own_character_alone()
    {
        int[] tokens = [.. Enumerable.Range(0, 500).SelectMany(_ => (int[])[1, 2, 3])]; // a, é in two
        int decoded = 0;

        double[] logProbs = new ToldCompletion(
            [.. tokens],
            [.. tokens.Where(token => token != 2).Select(token => new ToldToken(token, -token))],
            null
        ).LogProbs(part =>
        {
            decoded += part.Count;
            return s_tokenizer.Decode(part);
        });

        Assert.Equal(tokens.Select(token => token == 2 ? Nothing : -token), logProbs);
        Assert.Equal(500 * 4, decoded);
    }

    private static double[] LogProbs(int[] tokens, params (int? Id, double LogProb)[] told) =>
        new ToldCompletion([.. tokens], [.. told.Select(token => new ToldToken(token.Id, token.LogProb))], null).LogProbs(
            s_tokenizer.Decode
        );
}
