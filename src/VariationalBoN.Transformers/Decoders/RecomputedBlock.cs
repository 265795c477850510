using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>
/// A block of which nothing but its input is kept for the backward pass, which computes it once more (checkpointing of activations). The
/// gradients are those of the block itself: the same operations on the same numbers.
/// </summary>
/// <remarks>
/// Source: Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016). An exception in a backward pass ends the process, so there
/// it becomes gradients of NaN, which no loop takes for values.
/// </remarks>
internal sealed class RecomputedBlock : autograd.SingleTensorFunction<RecomputedBlock>
{
    public override string Name => nameof(RecomputedBlock);

    /// <summary>x through a block.</summary>
    /// <param name="block">The block.</param>
    /// <param name="x">[N, C].</param>
    /// <param name="pass">What the block is given now.</param>
    /// <param name="again">Makes the same for the backward pass, when what this one holds is gone.</param>
    internal static Tensor Of(DecoderBlock block, Tensor x, AttentionPass pass, Func<AttentionPass> again)
    {
        Tensor[] trained = [.. block.parameters().Where(parameter => parameter.requires_grad)];
        return is_grad_enabled() && (x.requires_grad || trained.Length > 0)
            ? apply([x, .. trained, new Call(block, pass, again, x.requires_grad, trained)])
            : block.Forward(x, pass);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (Call)vars[^1];
        ctx.save_for_backward([(Tensor)vars[0], .. call.Trained]);
        ctx.save_data(nameof(Call), call with { Pass = null });
        return call.Block.Forward((Tensor)vars[0], call.Pass!); // in the scope of the block, outside of which the pass keeps its mask
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var call = (Call)ctx.get_data(nameof(Call));
        var saved = new List<Tensor>();
        try
        {
            saved = ctx.get_saved_variables(); // throws when one has been changed since
            return ReturnedGradients.Return([.. Gradients(call, saved[0], grad_output), null]);
        }
        catch (Exception)
        {
            return [call.OfInput ? NaN(grad_output) : null!, .. call.Trained.Select(NaN), null!];
        }
        finally
        {
            saved.ForEach(tensor => tensor.Dispose());
        }
    }

    private static Tensor[] Gradients(Call call, Tensor input, Tensor gradient)
    {
        using var ofPass = NewDisposeScope();
        using var scope = NewDisposeScope();
        using var enabled = enable_grad();
        var x = input.detach();
        x.requires_grad = call.OfInput;
        var y = call.Block.Forward(x, call.Again());
        var of = autograd.grad([y], call.OfInput ? [x, .. call.Trained] : call.Trained, [gradient], allow_unused: true);
        Tensor[] gradients = [.. of.Select(tensor => tensor?.MoveToOuterDisposeScope().MoveToOuterDisposeScope()!)];
        return call.OfInput ? gradients : [null!, .. gradients];
    }

    private static Tensor NaN(Tensor like) => HeldArithmetic.Filled(like.shape, double.NaN, like.dtype, like.device);

    private sealed record Call(DecoderBlock Block, AttentionPass? Pass, Func<AttentionPass> Again, bool OfInput, Tensor[] Trained);
}
