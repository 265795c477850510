using Mono.Cecil;
using VariationalBoN.Tests.Packaging;

namespace VariationalBoN.Tests.Architecture;

/// <summary>What the packages use of each other beyond their public API: little, and each piece is named here.</summary>
[Trait("Tier", "fast")]
public sealed class SharedInternalsTests
{
    private const string Core = "VariationalBoN",
        Transformers = "VariationalBoN.Transformers",
        Tests = "VariationalBoN.Tests";

    /// <summary>
    /// Internal types of the core, and internal members of its public types, that VariationalBoN.Transformers uses. Each entry is something
    /// that a package of somebody else cannot do: shorten the list where you can.
    /// </summary>
    private static readonly string[] s_usedByTransformers =
    [
        "Internal.AtomicDirectory",
        "Internal.AtomicFile",
        "Internal.HeldArithmetic",
        "Internal.IMixedPrecision",
        "Internal.InputFile",
        "Internal.Log",
        "Internal.MixedProduct",
        "Internal.ReturnedGradients",
        "Internal.Shown",
        "Internal.TensorValues",
        "Policies.ISharingDecoder",
        "Policies.TrainingModeException.Refuse",
        "TorchRuntime.RequireBefore",
        "TorchRuntime.get_HasFastKernels",
        "Weights.MappedWeights",
        "Weights.NonFinite",
        "Weights.SafetensorsHeader",
        "Weights.WeightDirectory",
        "Weights.WeightEntry",
        "Weights.WeightFile",
        "Weights.WeightFormat",
        "Weights.WeightIndex",
        "Weights.WeightLayout",
        "Weights.WeightLayoutFile",
        "Weights.WeightMatch",
        "Weights.WeightNames",
        "Weights.WeightRead",
        "Weights.WeightReader",
        "Weights.WeightWriter",
    ];

    public static TheoryData<string> Packages => [.. PackedProjects.Projects];

    [Theory]
    [MemberData(nameof(Packages))]
    public void Package_uses_no_internals_of_others_but_those_that_are_named(string package)
    {
        using var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(AppContext.BaseDirectory);
        using var module = Read(package, resolver);

        string[] used = [.. InternalsUsedBy(module).Distinct().Order(StringComparer.Ordinal)];

        Assert.Equal(package == Transformers ? s_usedByTransformers : [], used);
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Internals_are_visible_to_Transformers_and_to_tests_alone(string package)
    {
        using var module = Read(package, null);

        string[] friends =
        [
            .. module
                .Assembly.CustomAttributes.Where(attribute => attribute.AttributeType.Name == "InternalsVisibleToAttribute")
                .Select(attribute => (string)attribute.ConstructorArguments[0].Value),
        ];

        Assert.Empty(friends.Except(package == Core ? [Transformers, Tests] : [Tests]));
    }

    private static ModuleDefinition Read(string package, IAssemblyResolver? resolver)
    {
        string path = Path.Combine(AppContext.BaseDirectory, $"{package}.dll");
        return ModuleDefinition.ReadModule(path, new ReaderParameters { AssemblyResolver = resolver });
    }

    private static IEnumerable<string> InternalsUsedBy(ModuleDefinition module)
    {
        var types = module.GetTypeReferences().Where(IsOurs).Select(type => type.Resolve()).Where(type => !IsPublic(type)).Select(Name);
        var members = module
            .GetMemberReferences()
            .Where(member => IsOurs(member.DeclaringType.GetElementType()))
            .Select(member => member.Resolve())
            .Where(member => IsPublic(member.DeclaringType) && !IsPublic(member))
            .Select(member => $"{Name(member.DeclaringType)}.{member.Name}");
        return types.Concat(members);
    }

    private static bool IsOurs(TypeReference type) =>
        type.Scope is AssemblyNameReference assembly && PackedProjects.Projects.Contains(assembly.Name);

    private static bool IsPublic(TypeDefinition type) =>
        type.IsPublic || ((type.IsNestedPublic || type.IsNestedFamily || type.IsNestedFamilyOrAssembly) && IsPublic(type.DeclaringType));

    private static bool IsPublic(IMemberDefinition member) =>
        member switch
        {
            MethodDefinition method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly,
            FieldDefinition field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
            _ => throw new InvalidOperationException($"{member.FullName} is neither a method nor a field."),
        };

    /// <summary>The full name without what all of them begin with.</summary>
    private static string Name(TypeDefinition type) => type.FullName[(Core.Length + 1)..];
}
