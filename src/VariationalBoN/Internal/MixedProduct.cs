using TorchSharp;
using static TorchSharp.torch;

namespace VariationalBoN.Internal;

/// <summary>
/// y = x W in bfloat16, to float32, with the gradients d x = d y W^T and d W = x^T d y in bfloat16, too. Kept for the backward pass are x
/// in bfloat16 and the weight itself, which is narrowed once more there: no copy of the weights lives as long as the graph.
/// </summary>
/// <remarks>An exception in a backward pass ends the process,
/// so there it becomes gradients of NaN, which no loop takes for values.</remarks>
internal sealed class MixedProduct : autograd.SingleTensorFunction<MixedProduct>
{
    private const ScalarType Narrow = ScalarType.BFloat16;
    private const long MostOutputs = 8192;

    public override string Name => nameof(MixedProduct);

    /// <summary>x W of x [N, in], float32 [N, out]; carries a gradient where one is asked for.</summary>
    /// <param name="x">[N, in].</param>
    /// <param name="weight">[out, in], or [in, out] where <paramref name="inputFirst"/>; float32 or bfloat16.</param>
    /// <param name="inputFirst">The layout of the weight.</param>
    /// <param name="narrowed">The weight in bfloat16 where it is at hand; used where no gradient is asked for.</param>
    internal static Tensor Of(Tensor x, Tensor weight, bool inputFirst, Tensor? narrowed = null) =>
        is_grad_enabled() && (x.requires_grad || weight.requires_grad)
            ? apply(x, weight, inputFirst)
            : Product(x.to(Narrow), narrowed ?? weight.to(Narrow), inputFirst);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        (var x, var weight, bool inputFirst) = ((Tensor)vars[0], (Tensor)vars[1], (bool)vars[2]);
        var settings = new Settings(inputFirst, x.requires_grad ? Form.Of(x) : null, weight.requires_grad ? Form.Of(weight) : null);
        var narrow = x.to(Narrow); // saved when this method has returned, so it outlives the scope below
        // the input is of use for the gradient of the weight alone
        ctx.save_for_backward([settings.Weight is null ? weight : narrow, weight]);
        ctx.save_data(nameof(Settings), settings);
        using var scope = NewDisposeScope();
        return Product(narrow, weight.to(Narrow), inputFirst).MoveToOuterDisposeScope();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var noGradient = no_grad();
        var settings = (Settings)ctx.get_data(nameof(Settings));
        var saved = new List<Tensor>();
        try
        {
            saved = ctx.get_saved_variables(); // throws when one has been changed since
            (var ofInput, var ofWeight) = Gradients(saved[0], saved[1], grad_output, settings);
            return ReturnedGradients.Return(ofInput, ofWeight, null);
        }
        catch (Exception)
        {
            return [settings.Input?.NaN()!, settings.Weight?.NaN()!, null!];
        }
        finally
        {
            saved.ForEach(tensor => tensor.Dispose());
        }
    }

    /// <summary>The two gradients, over blocks of outputs, so that of wide ones (a vocabulary) no whole copy in bfloat16 is made.</summary>
    private static (Tensor? Input, Tensor? Weight) Gradients(Tensor x, Tensor weight, Tensor gradient, Settings settings)
    {
        using var scope = NewDisposeScope();
        using Scalar one = 1;
        long outputs = gradient.size(1);
        int axis = settings.InputFirst ? 1 : 0; // that of the outputs in the weight
        Tensor? ofInput = null,
            ofWeight = settings.Weight is Form whole && outputs > MostOutputs ? empty(whole.Shape, whole.Type, whole.Device) : null;
        for (long first = 0; first < outputs; first += MostOutputs)
        {
            using var block = NewDisposeScope();
            long count = Math.Min(MostOutputs, outputs - first);
            var g = gradient.narrow(1, first, count).to(Narrow); // [N, count]
            if (settings.Input is Form input)
            {
                var narrow = weight.narrow(axis, first, count).to(Narrow);
                var part = g.mm(settings.InputFirst ? narrow.t() : narrow).to(input.Type);
                ofInput = (ofInput is null ? part : ofInput.add_(part, one)).MoveToOuterDisposeScope();
            }

            if (settings.Weight is not Form form)
                continue;
            var ofBlock = settings.InputFirst ? x.t().mm(g) : g.t().mm(x);
            if (ofWeight is null)
                ofWeight = ofBlock.to(form.Type).MoveToOuterDisposeScope();
            else
                ofWeight.narrow(axis, first, count).copy_(ofBlock);
        }

        return (ofInput?.MoveToOuterDisposeScope(), ofWeight?.MoveToOuterDisposeScope());
    }

    private static Tensor Product(Tensor x, Tensor weight, bool inputFirst) =>
        (inputFirst ? x.mm(weight) : nn.functional.linear(x, weight)).to(ScalarType.Float32);

    private sealed record Settings(bool InputFirst, Form? Input, Form? Weight);

    /// <summary>The form of a gradient that is asked for.</summary>
    private sealed record Form(long[] Shape, ScalarType Type, Device Device)
    {
        internal static Form Of(Tensor input) => new(input.shape, input.dtype, input.device);

        internal Tensor NaN() => HeldArithmetic.Filled(Shape, double.NaN, Type, Device);
    }
}
