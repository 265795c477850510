using TorchSharp;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>Makes the reference of a policy from the module that is going to be trained. Stateless;
/// thread-safe as long as the module is not changed meanwhile.</summary>
public static class ModuleExtensions
{
    /// <summary>Makes a module a reference: evaluation mode, and none of its
    /// parameters requires a gradient, so that no training changes it.</summary>
    /// <param name="module">The module; changed in place.</param>
    /// <returns><paramref name="module"/>.</returns>
    public static T Freeze<T>(this T module)
        where T : nn.Module
    {
        ArgumentNullException.ThrowIfNull(module);
        module.eval();
        foreach (var parameter in module.parameters())
            parameter.requires_grad = false;
        return module;
    }

    /// <summary>A copy that does not learn: same parameters and buffers on the same device, no gradients, in evaluation mode.</summary>
    /// <typeparam name="T">The type of the module.</typeparam>
    /// <param name="module">The module, which is left as it is.</param>
    /// <param name="create">Makes a new module of the same shape, such as <c>() =&gt;
    /// new Gpt2(config, seed: 0)</c>; its values are overwritten.</param>
    /// <returns>The new module, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">What <paramref name="create"/> returns is the module itself,
    /// or has other names or shapes; the message names them.</exception>
    public static T FrozenCopy<T>(this T module, Func<T> create)
        where T : nn.Module
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(create);
        T copy = create();
        if (copy is null || ReferenceEquals(copy, module))
            throw new ArgumentException("It must return a new module, not null and not the one that is copied.", nameof(create));
        var source = module.state_dict();
        var target = copy.state_dict();
        string[] faults =
        [
            .. Differences(source, target)
                .Select(name => $"{name} is {Shape(source, name)} in the module and {Shape(target, name)} in the copy"),
        ];
        if (faults.Length > 0)
            throw new ArgumentException($"It must return a module of the same shape: {string.Join("; ", faults)}.", nameof(create));
        var first = source.Values.FirstOrDefault();
        if (first is not null)
            copy.to(first.device);
        using (no_grad())
        {
            foreach ((string name, var value) in copy.state_dict())
                value.copy_(source[name]);
        }

        foreach (var (from, to) in Mixed(module).Zip(Mixed(copy)))
            to.UseMixedPrecision(from.MixedPrecision);
        return copy.Freeze();
    }

    /// <summary>Moves a module towards another: each parameter and floating-point buffer becomes (1 - rate) own + rate other. With a small
    /// rate at every step it is an exponential moving average, with 1 a copy, with 0 nothing moves.</summary>
    /// <remarks>
    /// Memory that both modules share, such as the base of two models made by <c>WithLora</c>, is left as it is: there the two are
    /// equal already. A tensor with several names, such as tied embeddings, moves once, towards the tensor with the first of its names.
    /// </remarks>
    /// <param name="anchor">The module that moves, changed in place.</param>
    /// <param name="model">The module that it moves towards; left as it is.</param>
    /// <param name="rate">0 to 1.</param>
    /// <exception cref="ArgumentException">The two have other names or shapes; the message names them. Nothing was moved.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rate"/> is out of range or NaN.</exception>
    public static void MoveTowards(this nn.Module anchor, nn.Module model, double rate)
    {
        ArgumentNullException.ThrowIfNull(anchor);
        ArgumentNullException.ThrowIfNull(model);
        if (!(rate >= 0 && rate <= 1))
            throw new ArgumentOutOfRangeException(nameof(rate), rate, "The rate must be 0 to 1.");
        var source = model.state_dict();
        var target = anchor.state_dict();
        string[] faults =
        [
            .. Differences(source, target)
                .Select(name => $"{name} is {Shape(target, name)} in the anchor and {Shape(source, name)} in the model"),
        ];
        if (faults.Length > 0)
            throw new ArgumentException($"The anchor must have the shape of the model: {string.Join("; ", faults)}.", nameof(model));
        if (rate == 0)
            return;
        using var noGradient = no_grad();
        var moved = new HashSet<(nint, long)>();
        using Scalar part = rate,
            rest = 1 - rate; // held until the calls return: a collection may not free them meanwhile
        foreach ((string name, var value) in target)
        {
            using var scope = NewDisposeScope();
            var memory = TensorMemory.Of(value);
            if (memory == TensorMemory.Of(source[name]) || !moved.Add(memory))
                continue;
            if (rate == 1 || !value.is_floating_point())
                value.copy_(source[name]);
            else
                value.mul_(rest).add_(source[name], part);
        }
    }

    /// <summary>The parts that compute products, in the order of the module: what the identity looks at, too.</summary>
    private static IEnumerable<IMixedPrecision> Mixed(nn.Module module) =>
        module.modules().Prepend(module).Distinct<nn.Module>(ReferenceEqualityComparer.Instance).OfType<IMixedPrecision>();

    private static IEnumerable<string> Differences(Dictionary<string, Tensor> source, Dictionary<string, Tensor> target) =>
        source.Keys.Union(target.Keys).Where(name => Shape(source, name) != Shape(target, name)).Order(StringComparer.Ordinal);

    private static string Shape(Dictionary<string, Tensor> tensors, string name) =>
        tensors.TryGetValue(name, out var value) ? $"{value.dtype} {Shown.Shape(value.shape)}" : "absent";
}
