using Mono.Cecil;

namespace VariationalBoN.Tests.Architecture.Natives;

/// <summary>Which types own a native object that their finalizer frees. Asks TorchSharp's own code; not thread-safe.</summary>
internal sealed class HandleTypes(ModuleDefinition torchSharp)
{
    private readonly Dictionary<string, bool> _finalized = new(StringComparer.Ordinal);

    /// <summary>Whether the type, or what it contains (an array, a list, a tuple), has a finalizer of TorchSharp.</summary>
    public bool Owns(TypeReference type) =>
        type switch
        {
            ByReferenceType or ArrayType or PointerType or RequiredModifierType or OptionalModifierType => Owns(
                ((TypeSpecification)type).ElementType
            ),
            GenericInstanceType generic when !IsTorchSharp(generic) => generic.GenericArguments.Any(Owns),
            GenericParameter => false,
            _ => IsFinalized(type),
        };

    /// <summary>Whether an object of the type is itself freed by a finalizer of TorchSharp, and not only what it contains.</summary>
    public bool IsFinalized(TypeReference type)
    {
        string name = type.FullName;
        if (!_finalized.TryGetValue(name, out bool found))
            _finalized[name] = found = Bases(type)
                .Any(ancestor => IsTorchSharp(ancestor) && ancestor.Methods.Any(method => method.Name == "Finalize"));
        return found;
    }

    /// <summary>A tensor: the one kind that an open dispose scope holds.</summary>
    public bool IsTensor(TypeReference type) => Bases(type).Any(ancestor => ancestor.FullName == "TorchSharp.torch/Tensor");

    public bool IsTorchSharp(TypeReference type) =>
        type.GetElementType() is { } element && (element.Scope == torchSharp || element.Scope.Name == "TorchSharp");

    /// <summary>The type and what it derives from, as far as TorchSharp and the code that is read go.</summary>
    public IEnumerable<TypeDefinition> Bases(TypeReference type)
    {
        for (TypeDefinition? at = Resolve(type); at is not null; at = at.BaseType is null ? null : Resolve(at.BaseType))
            yield return at;
    }

    /// <summary>An address, or something that holds some.</summary>
    public static bool IsAddress(TypeReference type) =>
        type switch
        {
            GenericInstanceType generic => generic.GenericArguments.Any(IsAddress),
            ArrayType array => IsAddress(array.ElementType),
            PointerType => true,
            _ => type.FullName == "System.IntPtr",
        };

    /// <summary>What a call returns, with the type arguments of the call.</summary>
    public static TypeReference ReturnType(MethodReference target) =>
        target.ReturnType is not GenericParameter parameter
            ? target.ReturnType
            : (parameter.Owner, target, target.DeclaringType) switch
            {
                (MethodReference, GenericInstanceMethod generic, _) => generic.GenericArguments[parameter.Position],
                (TypeReference, _, GenericInstanceType generic) => generic.GenericArguments[parameter.Position],
                _ => parameter,
            };

    /// <summary>Null for a type of another library, which owns nothing of TorchSharp.</summary>
    private TypeDefinition? Resolve(TypeReference type) =>
        type.GetElementType() switch
        {
            TypeDefinition known => known,
            GenericParameter => null,
            var element => IsTorchSharp(element) ? element.Resolve() : null,
        };
}
