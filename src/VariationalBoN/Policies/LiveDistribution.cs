using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>The next-token distributions of rows with settings of their own. It is told whose rows a pass has before each.</summary>
internal sealed class LiveDistribution(CausalModel model, NextTokenDistribution distribution, GenerationOptions options)
    : StepDistribution(model, distribution, options)
{
    /// <summary>The distribution of each row of the next pass.</summary>
    internal IReadOnlyList<NextTokenDistribution> Rows { get; set; } = [];

    internal override Tensor Probabilities(Tensor output)
    {
        var groups = Rows.Select((own, row) => (Own: own, Row: (long)row)).GroupBy(pair => pair.Own.Settings).ToArray();
        if (groups.Length == 1)
            return Rows[0].Probabilities(output);
        using var scope = NewDisposeScope();
        Tensor all = empty_like(output, NextTokenDistribution.WideType(output.dtype)); // [rows, V]
        foreach (var group in groups)
        {
            Tensor places = tensor([.. group.Select(pair => pair.Row)], device: output.device);
            all.index_copy_(0, places, group.First().Own.Probabilities(output.index_select(0, places)));
        }

        return all.MoveToOuterDisposeScope();
    }
}
