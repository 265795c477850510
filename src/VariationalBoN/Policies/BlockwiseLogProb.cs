using TorchSharp;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>
/// log softmax(h W^T / temperature)[target], whose backward pass computes the logits again, block by block: with p = softmax and g the
/// incoming gradient, d logits = g (onehot - p) / temperature, d h = d logits W, d W = (d logits)^T h.
/// </summary>
/// <remarks>An exception in a backward pass ends the process,
/// so there it becomes gradients of NaN, which no loop takes for values.</remarks>
internal sealed class BlockwiseLogProb : autograd.SingleTensorFunction<BlockwiseLogProb>
{
    public override string Name => nameof(BlockwiseLogProb);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        (var hidden, var weight, var targets) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2]);
        (var distribution, long block) = ((NextTokenDistribution)vars[3], (long)vars[4]);
        ctx.save_for_backward([hidden, weight, targets]);
        ctx.save_data(nameof(Settings), new Settings(distribution.Temperature, block, Wanted.Of(hidden), Wanted.Of(weight)));
        return TokenLogProbs.ByBlock(new PositionLogits(hidden, weight).InOneType(), targets, distribution, block);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var noGradient = no_grad();
        var settings = (Settings)ctx.get_data(nameof(Settings));
        var saved = new List<Tensor>(); // hidden [N, C], weight [V, C], targets [N]
        try
        {
            saved = ctx.get_saved_variables(); // throws when one has been changed since
            (var hidden, var weight) = Gradients(saved[0], saved[1], saved[2], grad_output, settings);
            return ReturnedGradients.Return(hidden, weight, null, null, null);
        }
        catch (Exception)
        {
            return [settings.Hidden?.NaN()!, settings.Weight?.NaN()!, null!, null!, null!];
        }
        finally
        {
            saved.ForEach(tensor => tensor.Dispose());
        }
    }

    private static (Tensor? Hidden, Tensor? Weight) Gradients(
        Tensor hidden,
        Tensor weight,
        Tensor targets,
        Tensor gradient,
        Settings settings
    )
    {
        using var scope = NewDisposeScope();
        var type = NextTokenDistribution.WideType(weight.dtype);
        var factor = weight.to(hidden.dtype); // in mixed precision the products are bfloat16, the rest and the sum of the gradient float32
        using Scalar slope = 1 / settings.Temperature; // held until the calls return: a collection may not free it meanwhile
        var ofHidden = settings.Hidden is not null ? empty_like(hidden) : null;
        var ofWeight = settings.Weight is not null ? zeros_like(weight, type) : null;
        for (long start = 0; start < hidden.size(0); start += settings.Block)
        {
            using var inner = NewDisposeScope();
            long count = Math.Min(settings.Block, hidden.size(0) - start);
            var rows = hidden.narrow(0, start, count);
            var g = gradient.narrow(0, start, count).to(type).mul(slope).unsqueeze(1); // [count, 1]
            var probabilities = nn.functional.linear(rows, factor).to(type).mul(slope).softmax(-1); // [count, V]
            var ofLogits = probabilities.mul_(g.neg()).scatter_add_(1, targets.narrow(0, start, count).unsqueeze(1), g).to(hidden.dtype);
            ofHidden?.narrow(0, start, count).copy_(ofLogits.mm(factor));
            if (ofWeight is not null && hidden.dtype == type)
                ofWeight.addmm_(ofLogits.t(), rows, 1, 1);
            else
                ofWeight?.Increase(ofLogits.t().mm(rows));
        }

        return (ofHidden?.MoveToOuterDisposeScope(), ofWeight?.to(weight.dtype).MoveToOuterDisposeScope());
    }

    private sealed record Settings(double Temperature, long Block, Wanted? Hidden, Wanted? Weight);

    /// <summary>The form of a gradient that is asked for.</summary>
    private sealed record Wanted(long[] Shape, ScalarType Type, Device Device)
    {
        internal static Wanted? Of(Tensor input) => input.requires_grad ? new Wanted(input.shape, input.dtype, input.device) : null;

        internal Tensor NaN() => HeldArithmetic.Filled(Shape, double.NaN, Type, Device);
    }
}
