using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Tests.Transformers.Classifiers;

/// <summary>Where a decoder with a head is read, and its configuration; its logits stand beside those of the encoders in
/// <see cref="SequenceClassifierTests"/>.</summary>
[Trait("Tier", "torch")]
public sealed class DecoderClassifierTests
{
    private const string Json =
        """{"architectures":["GPT2ForSequenceClassification"],"model_type":"gpt2","vocab_size":11,"n_positions":8,"n_embd":12,"n_layer":2,"n_head":3,"num_labels":1,"pad_token_id":10}""";

    [Theory]
    [InlineData("gpt2-reward", 299)]
    [InlineData("llama-reward", 0)]
    public void Last_token_is_the_last_one_that_is_not_the_padding_token(string name, int padding)
    {
        using var golden = new ClassifierCase(name);
        (int[] ids, double[] logits) = golden.Rows[0];
        Assert.DoesNotContain(padding, ids);
        ClassifierCase.RequireEqual(
            logits,
            golden.Logits(
                [
                    [.. ids, padding, padding],
                ],
                ids.Length + 2,
                padding
            )[0]
        );
        Assert.True(
            Math.Abs(
                golden.Logits(
                    [
                        [.. ids, padding, 5],
                    ],
                    ids.Length + 2,
                    padding
                )[0][0] - logits[0]
            ) > 1e-3,
            "a token behind a padding token was not read"
        );
    }

    [Fact]
    public void Row_of_nothing_but_padding_tokens_is_read_at_its_first()
    {
        using var golden = new ClassifierCase("gpt2-reward");
        double[][] logits = golden.Logits(
            [
                [299],
                [299, 299],
            ],
            4,
            299
        );
        Assert.Equal(logits[0][0], logits[1][0], 1e-6);
    }

    [Fact]
    public void Without_a_padding_token_the_last_token_within_the_length_is_read()
    {
        var config = DecoderClassifierConfig.FromJson(Json) with { PaddingToken = null };
        using var without = new DecoderClassifier(config, 3);
        using var with = new DecoderClassifier(config with { PaddingToken = 10 }, 3);
        Assert.NotEqual(Logit(without, [1, 2, 10]), Logit(with, [1, 2, 10]), 1e-6);
        Assert.Equal(Logit(without, [1, 2]), Logit(with, [1, 2, 10]), 1e-6);
    }

    [Fact]
    public void Saved_configuration_is_read_back_equal()
    {
        var config = DecoderClassifierConfig.FromJson(Json) with { Labels = ["bad", "good"], IndependentLabels = true };
        var again = DecoderClassifierConfig.FromJson(config.ToJson());
        Assert.Contains("GPT2ForSequenceClassification", config.ToJson(), StringComparison.Ordinal);
        Assert.Equal(config.Labels.ToArray(), again.Labels.ToArray());
        Assert.Equal(config, again with { Labels = config.Labels });
    }

    [Theory]
    [InlineData("GPT2ForSequenceClassification", "GPT2LMHeadModel", "architectures is [\"GPT2LMHeadModel\"]")]
    [InlineData("\"gpt2\"", "\"roberta\"", "model_type is \"roberta\"; classifiers of these are supported: bert, distilbert, gpt2")]
    [InlineData("\"num_labels\":1", "\"num_labels\":0", "num_labels is 0")]
    [InlineData("\"num_labels\":1", "\"surprise\":1", "surprise")]
    public void Configuration_that_would_give_wrong_numbers_is_refused_by_name(string old, string replacement, string named)
    {
        var error = Assert.Throws<InvalidDataException>(() =>
            ClassifierFamilies.Create(Json.Replace(old, replacement, StringComparison.Ordinal), new RandomParameters(1))
        );
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    private static double Logit(DecoderClassifier classifier, int[] ids)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        return classifier
            .Logits(TorchSharp.torch.tensor(ids.Select(id => (long)id).ToArray(), [1, ids.Length]), [ids.Length])[0, 0]
            .item<float>();
    }
}
