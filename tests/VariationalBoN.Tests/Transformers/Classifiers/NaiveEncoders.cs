using VariationalBoN.Tests.Transformers.Decoders;
using static VariationalBoN.Tests.Transformers.Decoders.NaiveModel;

namespace VariationalBoN.Tests.Transformers.Classifiers;

/// <summary>Logits [labels] of a sequence by <see cref="NaiveModel"/>, for each family of encoders.</summary>
internal static class NaiveEncoders
{
    internal static double[] Bert(NaiveModel m, int[] ids, int layers, int heads, string activation, double epsilon)
    {
        var segments = m.Rows("bert.embeddings.token_type_embeddings.weight", ids.Select(_ => 0));
        var x = Add(
            Add(
                m.Rows("bert.embeddings.word_embeddings.weight", ids),
                m.Rows("bert.embeddings.position_embeddings.weight", Enumerable.Range(0, ids.Length))
            ),
            segments
        );
        x = m.LayerNorm("bert.embeddings.LayerNorm", x, epsilon);
        for (int l = 0; l < layers; l++)
        {
            string path = $"bert.encoder.layer.{l}";
            var mixed = Mixed(
                m.Linear($"{path}.attention.self.query", x),
                m.Linear($"{path}.attention.self.key", x),
                m.Linear($"{path}.attention.self.value", x),
                heads
            );
            x = m.LayerNorm($"{path}.attention.output.LayerNorm", Add(x, m.Linear($"{path}.attention.output.dense", mixed)), epsilon);
            var hidden = Map(m.Linear($"{path}.intermediate.dense", x), Activation(activation));
            x = m.LayerNorm($"{path}.output.LayerNorm", Add(x, m.Linear($"{path}.output.dense", hidden)), epsilon);
        }

        return m.Linear("classifier", Map(m.Linear("bert.pooler.dense", x[..1]), Math.Tanh))[0];
    }

    internal static double[] DistilBert(NaiveModel m, int[] ids, int layers, int heads, string activation)
    {
        const double Epsilon = 1e-12;
        var x = Add(
            m.Rows("distilbert.embeddings.word_embeddings.weight", ids),
            m.Rows("distilbert.embeddings.position_embeddings.weight", Enumerable.Range(0, ids.Length))
        );
        x = m.LayerNorm("distilbert.embeddings.LayerNorm", x, Epsilon);
        for (int l = 0; l < layers; l++)
        {
            string path = $"distilbert.transformer.layer.{l}";
            var mixed = Mixed(
                m.Linear($"{path}.attention.q_lin", x),
                m.Linear($"{path}.attention.k_lin", x),
                m.Linear($"{path}.attention.v_lin", x),
                heads
            );
            x = m.LayerNorm($"{path}.sa_layer_norm", Add(x, m.Linear($"{path}.attention.out_lin", mixed)), Epsilon);
            var hidden = Map(m.Linear($"{path}.ffn.lin1", x), Activation(activation));
            x = m.LayerNorm($"{path}.output_layer_norm", Add(x, m.Linear($"{path}.ffn.lin2", hidden)), Epsilon);
        }

        return m.Linear("classifier", Map(m.Linear("pre_classifier", x[..1]), Activation("relu")))[0];
    }

    private static double[][] Mixed(double[][] q, double[][] k, double[][] v, int heads)
    {
        int size = q[0].Length / heads;
        return Concat(
            Enumerable
                .Range(0, heads)
                .Select(h => Attend(Part(q, h * size, size), Part(k, h * size, size), Part(v, h * size, size), (_, _) => true))
        );
    }
}
