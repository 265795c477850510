using TorchSharp;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>Makes the reference of a policy from the module that is going to be trained. Stateless; thread-safe as long as the module is not changed meanwhile.</summary>
public static class ModuleExtensions
{
    /// <summary>A copy that does not learn: same parameters and buffers on the same device, no gradients, in evaluation mode.</summary>
    /// <typeparam name="T">The type of the module.</typeparam>
    /// <param name="module">The module, which is left as it is.</param>
    /// <param name="create">Makes a new module of the same shape, such as <c>() =&gt; new Gpt2(config, seed: 0)</c>; its values are overwritten.</param>
    /// <returns>The new module, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">What <paramref name="create"/> returns is the module itself, or has other names or shapes; the message names them.</exception>
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
        string[] faults = [.. source.Keys.Union(target.Keys).Where(name => Shape(source, name) != Shape(target, name)).Order(StringComparer.Ordinal)
            .Select(name => $"{name} is {Shape(source, name)} in the module and {Shape(target, name)} in the copy")];
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

        foreach (var parameter in copy.parameters())
            parameter.requires_grad = false;
        copy.eval();
        return copy;
    }

    private static string Shape(Dictionary<string, Tensor> tensors, string name) =>
        tensors.TryGetValue(name, out var value) ? $"{value.dtype} [{string.Join(", ", value.shape)}]" : "absent";
}
