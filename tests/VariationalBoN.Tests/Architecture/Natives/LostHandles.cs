using Mono.Cecil;
using Mono.Cecil.Cil;

namespace VariationalBoN.Tests.Architecture.Natives;

/// <summary>
/// The methods of TorchSharp that make a native object and let go of it before the native call returns which reads it, derived from its
/// code and closed over the calls inside it; and code that calls them. Not thread-safe.
/// </summary>
internal sealed class LostHandles
{
    /// <summary>Loses the gradient of a parameter while it asks whether that requires one:
    /// nothing where a module is moved that has no gradients, as all of ours are.</summary>
    internal const string Harmless = "TorchSharp.torch/nn/Module::ReplaceParameter";

    private static readonly string[] s_notSteps = ["Dispose", "ToString", "GetHashCode", "Equals", "Finalize"];
    private readonly ModuleDefinition _torchSharp;
    private readonly HandleTypes _types;
    private readonly MethodDefinition[] _methods;
    private readonly Dictionary<MethodDefinition, MethodFacts> _facts = [];
    private readonly Dictionary<string, MethodDefinition?> _resolved = new(StringComparer.Ordinal);
    private readonly ILookup<TypeDefinition, MethodDefinition> _overrides;

    public LostHandles(string torchSharp)
    {
        _torchSharp = ModuleDefinition.ReadModule(torchSharp);
        _types = new HandleTypes(_torchSharp);
        _methods = [.. _torchSharp.GetTypes().SelectMany(type => type.Methods).Where(HasCode)];
        _overrides = _methods
            .Where(method => method.IsVirtual && !method.IsNewSlot && !s_notSteps.Contains(method.Name))
            .ToLookup(method => method.DeclaringType);
        Derive(_methods);
    }

    /// <summary>The methods for callers that lose a number, or another object that no scope holds: full name and reason.</summary>
    public IReadOnlyDictionary<string, string> Numbers => Listed(facts => facts.Loses);

    /// <summary>Those that lose a tensor when no dispose scope is open.</summary>
    public IReadOnlyDictionary<string, string> Tensors => Listed(facts => facts.LosesTensor);

    /// <summary>Reads code so that what it names of TorchSharp is what was derived here,
    /// and derives what its own methods let go of.</summary>
    public ModuleDefinition Read(string path)
    {
        var module = ModuleDefinition.ReadModule(path, new ReaderParameters { AssemblyResolver = new Resolver(_torchSharp.Assembly) });
        Derive([.. module.GetTypes().SelectMany(type => type.Methods).Where(HasCode)]);
        return module;
    }

    /// <summary>What a type does wrong: each call of a listed method, and each number that it makes itself and lets go of.</summary>
    public IEnumerable<string> Violations(TypeDefinition type) =>
        type.Methods.Where(HasCode).SelectMany(Violations).Concat(type.NestedTypes.SelectMany(Violations));

    /// <summary>Whether there are instructions: an accessor that the runtime fills in has a body without any.</summary>
    private static bool HasCode(MethodDefinition method) => method.HasBody && method.Body.Instructions.Count > 0;

    private IEnumerable<string> Violations(MethodDefinition method)
    {
        string at = $"{method.DeclaringType.FullName}::{method.Name}";
        var flow = new HandleFlow(method, _types, Resolve, Facts);
        foreach (
            Instruction call in method.Body.Instructions.Where(call =>
                call.Operand is MethodReference target && _types.IsTorchSharp(target.DeclaringType)
            )
        )
        {
            if (Resolve((MethodReference)call.Operand) is not { } target)
                continue;
            if (Why(target, facts => facts.Loses) is string why)
                yield return $"{at} calls {target.FullName}: {why}";
            else if (Why(target, facts => facts.LosesTensor) is string whyTensor && !flow.HasOpenScope(call))
                yield return $"{at} calls {target.FullName} outside a dispose scope: {whyTensor}";
        }

        foreach (string lost in Lost(flow).Numbers)
            yield return $"{at}: {lost}";
    }

    private Dictionary<string, string> Listed(Func<MethodFacts, string?> reason) =>
        _methods
            .Where(IsVisible)
            .Select(method => (method.FullName, Why: Why(method, reason)))
            .Where(listed => listed.Why is not null)
            .ToDictionary(listed => listed.FullName, listed => listed.Why!);

    /// <summary>Looks at each method until nothing new is found; facts only grow, so that ends.</summary>
    private void Derive(MethodDefinition[] methods)
    {
        var callers = methods
            .SelectMany(method => Called(method).Select(Resolve).OfType<MethodDefinition>().Distinct().Select(target => (target, method)))
            .ToLookup(pair => pair.target, pair => pair.method);
        var work = new Queue<MethodDefinition>(methods);
        var waiting = new HashSet<MethodDefinition>(methods);
        while (work.TryDequeue(out MethodDefinition? method))
        {
            waiting.Remove(method);
            MethodFacts found = Find(method);
            if (found == Facts(method))
                continue;
            _facts[method] = found;
            IEnumerable<MethodDefinition> makers = _overrides[method.DeclaringType].Contains(method)
                ? method.DeclaringType.Methods.Where(member => member.IsConstructor).SelectMany(constructor => callers[constructor])
                : [];
            foreach (MethodDefinition caller in callers[method].Concat(makers).Where(waiting.Add))
                work.Enqueue(caller);
        }
    }

    private MethodFacts Find(MethodDefinition method)
    {
        var flow = new HandleFlow(method, _types, Resolve, Facts);
        MethodFacts before = Facts(method);
        (string[] numbers, string[] tensors, HandleSet dropped) = Lost(flow);
        bool harmless = method.FullName.Contains(Harmless, StringComparison.Ordinal);
        return new MethodFacts
        {
            Dropped = before.Dropped | dropped,
            Returned =
                before.Returned | HandleSet.Union(flow.Returned.Numbers.Where(number => number < flow.Parameters).Select(HandleSet.Object)),
            ReturnsFresh = before.ReturnsFresh || flow.Returned.Numbers.Any(number => number >= flow.Parameters),
            Loses = before.Loses ?? numbers.FirstOrDefault() ?? Inherited(method, facts => facts.Loses),
            LosesTensor = harmless ? null : before.LosesTensor ?? tensors.FirstOrDefault() ?? Inherited(method, facts => facts.LosesTensor),
        };
    }

    private (string[] Numbers, string[] Tensors, HandleSet Parameters) Lost(HandleFlow flow)
    {
        var lost = flow.Lost().ToArray();
        var made = lost.Where(found => found.Made?.Operand is MethodReference)
            .Select(found =>
                (Type: Made(found.Made!), found.Call, Text: $"what {Name(found.Made!)} gives is let go of in {Name(found.Call)}")
            )
            .ToArray();
        return (
            [.. made.Where(found => _types.IsFinalized(found.Type) && !_types.IsTensor(found.Type)).Select(found => found.Text)],
            [.. made.Where(found => _types.IsTensor(found.Type) && !flow.HasOpenScope(found.Call)).Select(found => found.Text)],
            HandleSet.Union(lost.Where(found => found.Made is null).Select(found => HandleSet.Object(found.Number)))
        );
    }

    private static TypeReference Made(Instruction instruction) =>
        instruction.OpCode.Code == Code.Newobj
            ? ((MethodReference)instruction.Operand).DeclaringType
            : HandleTypes.ReturnType((MethodReference)instruction.Operand);

    private static string Name(Instruction instruction) =>
        instruction.Operand is MethodReference method ? $"{method.DeclaringType.Name}.{method.Name}" : instruction.ToString();

    private string? Inherited(MethodDefinition method, Func<MethodFacts, string?> reason) =>
        Called(method)
            .Select(Resolve)
            .OfType<MethodDefinition>()
            .Where(target => Why(target, reason) is not null)
            .Select(target => $"calls {target.DeclaringType.Name}.{target.Name}")
            .FirstOrDefault();

    /// <summary>Why a call loses an object: the method does, or it makes an object of which an
    /// override does (the step of an optimizer, the forward of a module).</summary>
    private string? Why(MethodDefinition method, Func<MethodFacts, string?> reason) =>
        reason(Facts(method))
        ?? (
            method is { IsConstructor: true, IsStatic: false }
                ? _types
                    .Bases(method.DeclaringType)
                    .SelectMany(type => _overrides[type])
                    .Where(member => reason(Facts(member)) is not null)
                    .Select(member => $"{member.DeclaringType.Name}.{member.Name}: {reason(Facts(member))}")
                    .FirstOrDefault()
                : null
        );

    private MethodFacts Facts(MethodDefinition method) => _facts.GetValueOrDefault(method, MethodFacts.None);

    private static IEnumerable<MethodReference> Called(MethodDefinition method) =>
        method.Body.Instructions.Select(instruction => instruction.Operand).OfType<MethodReference>();

    /// <summary>The method, where its code is read: TorchSharp's own, or that of the module in hand.</summary>
    private MethodDefinition? Resolve(MethodReference method)
    {
        if (method is MethodDefinition known)
            return known;
        string name = method.FullName;
        if (!_resolved.TryGetValue(name, out MethodDefinition? found))
            _resolved[name] = found = _types.IsTorchSharp(method.DeclaringType) ? method.Resolve() : null;
        return found;
    }

    private static bool IsVisible(MethodDefinition method) => (method.IsPublic || method.IsFamily) && IsVisible(method.DeclaringType);

    private static bool IsVisible(TypeDefinition type) =>
        type.IsPublic || ((type.IsNestedPublic || type.IsNestedFamily) && IsVisible(type.DeclaringType));

    private sealed class Resolver : DefaultAssemblyResolver
    {
        public Resolver(AssemblyDefinition torchSharp) => RegisterAssembly(torchSharp);
    }
}
