using VariationalBoN.Transformers.Classifiers;

namespace VariationalBoN.Tests.Transformers.Classifiers;

[Trait("Tier", "fast")]
public sealed class ClassifierConfigTests
{
    private const string Bert =
        """{"model_type":"bert","vocab_size":620,"hidden_size":32,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":72,"hidden_act":"gelu","max_position_embeddings":64,"layer_norm_eps":1e-12,"type_vocab_size":2,"position_embedding_type":"absolute"}""";
    private const string DistilBert =
        """{"model_type":"distilbert","vocab_size":700,"dim":32,"n_layers":2,"n_heads":4,"hidden_dim":80,"activation":"gelu","max_position_embeddings":64}""";

    [Fact]
    public void Saved_configurations_are_read_back_equal()
    {
        var bert = BertClassifierConfig.FromJson(Bert) with
        {
            Activation = "silu",
            LayerNormEpsilon = 1e-7,
            SegmentCount = 1,
            Labels = ["a", "b", "c"],
            IndependentLabels = true,
        };
        var bertAgain = BertClassifierConfig.FromJson(bert.ToJson());
        Assert.Equal(bert.Labels.ToArray(), bertAgain.Labels.ToArray());
        Assert.Equal(bert, bertAgain with { Labels = bert.Labels });
        var distilBert = DistilBertClassifierConfig.FromJson(DistilBert) with { InnerWidth = 7, Labels = ["only"] };
        var distilBertAgain = DistilBertClassifierConfig.FromJson(distilBert.ToJson());
        Assert.Equal(distilBert.Labels.ToArray(), distilBertAgain.Labels.ToArray());
        Assert.Equal(distilBert, distilBertAgain with { Labels = distilBert.Labels });
    }

    [Theory]
    [InlineData("", new[] { "LABEL_0", "LABEL_1" })]
    [InlineData("\"num_labels\":1,", new[] { "LABEL_0" })]
    [InlineData("\"num_labels\":3,\"problem_type\":\"multi_label_classification\",", new[] { "LABEL_0", "LABEL_1", "LABEL_2" })]
    [InlineData("\"id2label\":{\"1\":\"b\",\"0\":\"a\",\"2\":3},\"label2id\":{\"a\":0,\"b\":1},", new[] { "a", "b", "3" })]
    [InlineData(
        "\"classifier_dropout\":0.3,\"problem_type\":\"regression\",\"torch_dtype\":\"float16\",\"pooler_type\":\"first_token_transform\",\"pruned_heads\":{},",
        new[] { "LABEL_0", "LABEL_1" }
    )]
    public void Labels_are_read_as_transformers_does(string keys, string[] labels)
    {
        var config = BertClassifierConfig.FromJson(Bert.Replace("{\"model", $"{{{keys}\"model", StringComparison.Ordinal));
        Assert.Equal(labels, config.Labels);
        Assert.Equal(keys.Contains("multi_label", StringComparison.Ordinal), config.IndependentLabels);
    }

    [Theory]
    [InlineData("\"absolute\"", "\"relative_key\"", "position_embedding_type is \"relative_key\"")]
    [InlineData("\"gelu\"", "\"prelu\"", "hidden_act is 'prelu'")]
    [InlineData(
        "\"num_attention_heads\":4",
        "\"num_attention_heads\":5",
        "hidden_size is 32, it must be a multiple of num_attention_heads, 5"
    )]
    [InlineData("\"num_hidden_layers\":2", "\"num_hidden_layers\":0", "num_hidden_layers is 0")]
    [InlineData("\"type_vocab_size\":2", "\"type_vocab_size\":0", "type_vocab_size is 0")]
    [InlineData("1e-12", "0", "layer_norm_eps is 0")]
    [InlineData("\"vocab_size\":620,", "", "vocab_size is missing")]
    [InlineData("620", "\"many\"", "vocab_size is \"many\"")]
    [InlineData("\"bert\"", "\"distilbert\"", "model_type")]
    [InlineData("{\"model", "{\"is_decoder\":true,\"model", "is_decoder is true")]
    [InlineData("{\"model", "{\"architectures\":[\"BertForMaskedLM\"],\"model", "architectures is [\"BertForMaskedLM\"]")]
    [InlineData("{\"model", "{\"add_cross_attention\":true,\"model", "add_cross_attention is true")]
    [InlineData("{\"model", "{\"pruned_heads\":{\"0\":[1]},\"model", "pruned_heads")]
    [InlineData("{\"model", "{\"quantization_config\":{},\"model", "quantization_config")]
    [InlineData("{\"model", "{\"embedding_size\":128,\"model", "embedding_size = 128")]
    [InlineData("{\"model", "{\"problem_type\":\"ranking\",\"model", "problem_type is \"ranking\"")]
    [InlineData("{\"model", "{\"num_labels\":2000000000,\"model", "num_labels is 2000000000")]
    [InlineData("{\"model", "{\"num_labels\":3,\"id2label\":{\"0\":\"a\"},\"model", "num_labels is 3, but id2label has 1")]
    [InlineData("{\"model", "{\"id2label\":{\"0\":\"a\",\"2\":\"b\"},\"model", "id2label has no label 1")]
    [InlineData("{\"model", "{\"id2label\":{},\"model", "id2label")]
    [InlineData("{\"model", "{\"vocab_size\":620,\"model", "not valid JSON")]
    [InlineData("{\"model", "[{\"model", "not valid JSON")]
    public void Configuration_that_would_give_wrong_numbers_is_refused_by_name(string old, string replacement, string named)
    {
        var error = Assert.Throws<InvalidDataException>(() =>
            BertClassifierConfig.FromJson(Bert.Replace(old, replacement, StringComparison.Ordinal))
        );
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"gelu\"", "\"laplace\"", "activation is 'laplace'")]
    [InlineData("\"dim\":32", "\"dim\":30", "dim is 30, it must be a multiple of n_heads, 4")]
    [InlineData("\"dim\":32", "\"hidden_size\":32", "dim is missing")]
    [InlineData("{\"model", "{\"position_embedding_type\":\"absolute\",\"model", "position_embedding_type")]
    public void DistilBert_configuration_is_refused_by_its_own_names(string old, string replacement, string named)
    {
        var error = Assert.Throws<InvalidDataException>(() =>
            DistilBertClassifierConfig.FromJson(DistilBert.Replace(old, replacement, StringComparison.Ordinal))
        );
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }
}
