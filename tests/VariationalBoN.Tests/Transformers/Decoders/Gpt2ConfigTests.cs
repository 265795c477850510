using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Tests.Transformers.Decoders;

[Trait("Tier", "fast")]
public sealed class Gpt2ConfigTests
{
    private const string Json =
        """{"model_type":"gpt2","vocab_size":601,"n_positions":64,"n_embd":48,"n_layer":2,"n_head":4,"n_inner":null,"activation_function":"gelu_new","layer_norm_epsilon":1e-5}""";

    [Fact]
    public void Saved_configuration_is_read_back_equal()
    {
        var config = Gpt2Config.FromJson(Json) with
        {
            InnerWidth = 100,
            Activation = "relu",
            LayerNormEpsilon = 1e-6,
            TiesEmbeddings = false,
        };
        Assert.Equal(config, Gpt2Config.FromJson(config.ToJson()));
    }

    [Theory]
    [InlineData("\"gelu_new\"", "\"prelu\"", "prelu")]
    [InlineData("\"n_head\":4", "\"n_head\":5", "n_embd is 48, it must be a multiple of n_head, 5")]
    [InlineData("\"n_layer\":2", "\"n_layer\":0", "n_layer is 0")]
    [InlineData("\"vocab_size\":601,", "", "vocab_size is missing")]
    [InlineData("\"gpt2\"", "\"llama\"", "model_type")]
    [InlineData("{\"model", "{\"scale_attn_weights\":false,\"model", "scale_attn_weights is false")]
    [InlineData("{\"model", "{\"add_cross_attention\":true,\"model", "add_cross_attention is true")]
    [InlineData("{\"model", "{\"pruned_heads\":{\"0\":[1]},\"model", "pruned_heads")]
    [InlineData("{\"model", "{\"quantization_config\":{\"bits\":4},\"model", "quantization_config")]
    [InlineData("{\"model", "{\"n_layer\":3,\"model", "n_layer")]
    [InlineData("{\"model", "{\"scale_attn_by_inverse_layer_idx\":true,\"model", "scale_attn_by_inverse_layer_idx is true")]
    [InlineData("601", "\"many\"", "vocab_size is \"many\"")]
    [InlineData("{\"model", "[{\"model", "not valid JSON")]
    public void Configuration_that_would_give_wrong_numbers_is_refused_by_name(string old, string replacement, string named)
    {
        var error = Assert.Throws<InvalidDataException>(() =>
            Gpt2Config.FromJson(Json.Replace(old, replacement, StringComparison.Ordinal))
        );
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }
}
