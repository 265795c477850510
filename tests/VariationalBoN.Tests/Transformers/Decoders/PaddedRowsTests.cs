using VariationalBoN.Tests.Transformers.Classifiers;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Decoders;

[Trait("Tier", "torch")]
public sealed class PaddedRowsTests
{
    [Theory]
    [InlineData("bert-classifier")]
    [InlineData("distilbert-classifier")]
    [InlineData("gpt2-reward")]
    [InlineData("llama-reward")]
    public void Left_padded_sequences_have_the_logits_of_transformers(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new ClassifierCase(name);
        int width = golden.Rows.Max(row => row.Ids.Length) + 1;
        long[] tokens =
        [
            .. golden.Rows.SelectMany(row => Enumerable.Repeat(-1L, width - row.Ids.Length).Concat(row.Ids.Select(id => (long)id))),
        ];
        var batch = tensor(tokens, [golden.Rows.Length, width]);
        var logits = golden.Classifier.Logits(batch, batch.ge(tensor(0L))).detach().to(ScalarType.Float64);
        for (int row = 0; row < golden.Rows.Length; row++)
            ClassifierCase.RequireEqual(golden.Rows[row].Logits, logits[row].data<double>().ToArray());
    }

    [Theory]
    [InlineData(new[] { 0L, 0, 0 }, "Row 1 of the mask has no token")]
    [InlineData(new[] { 1L, 0, 1 }, "Row 1 of the mask has padding between tokens")]
    public void Mask_that_is_no_run_of_tokens_is_refused(long[] mask, string named)
    {
        using var scope = NewDisposeScope();
        using var model = TinyDecoders.Create("gpt2");
        var error = Assert.Throws<ArgumentException>(() =>
            model.Logits(ones([2, 3], ScalarType.Int64), tensor([1L, 1L, 0L, .. mask], [2, 3]))
        );
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains(
            "mask is [2, 2]",
            Assert.Throws<ArgumentException>(() => model.Logits(ones([2, 3], ScalarType.Int64), ones(2, 2))).Message,
            StringComparison.Ordinal
        );
    }
}
