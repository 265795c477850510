using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Mono.Cecil;
using VariationalBoN.Tests.Packaging;

namespace VariationalBoN.Tests.Architecture;

/// <summary>
/// The members of the packages that programs (tests, samples, benchmarks) use. The references in their metadata tell overloads and types
/// apart. A method counts for the interface or the base class that declares it, and the other way round; what a program implements counts,
/// too. Constants, which the compiler copies, leave no reference: they, and static properties, are looked for in the text.
/// </summary>
internal sealed class UsedMembers
{
    private readonly HashSet<string> _members = [];
    private readonly HashSet<string> _words;

    /// <param name="programs">The assemblies of programs.</param>
    /// <param name="texts">Their source.</param>
    public UsedMembers(IEnumerable<ModuleDefinition> programs, IEnumerable<string> texts)
    {
        foreach (ModuleDefinition program in programs)
        {
            var called = program
                .GetMemberReferences()
                .Where(member => IsOurs(member.DeclaringType.GetElementType()))
                .Select(member => (IMemberDefinition)member.Resolve());
            var implemented = program.GetTypes().SelectMany(type => type.Methods).Where(method => method.IsVirtual);
            _members.UnionWith(called.Concat(implemented).SelectMany(Declarations).Select(member => member.FullName));
        }
        _words = [.. texts.SelectMany(text => Regex.Matches(text, @"\w+\.\w+")).Select(match => match.Value)];
    }

    /// <summary>The public members of a type that no program uses.</summary>
    public IEnumerable<string> UnusedOf(TypeDefinition type) =>
        type
            .Methods.Where(method => IsOpen(method) && !method.IsGetter && !method.IsSetter && !IsExempt(method) && !IsUsed(method))
            .Concat<IMemberDefinition>(
                type.Properties.Where(property => Accessors(property) is [_, ..] accessors && !accessors.Any(IsUsed) && !IsExempt(property))
            )
            .Concat(type.Fields.Where(field => field.IsPublic && !field.IsSpecialName && !IsUsed(field)))
            .Select(member => member.FullName);

    private bool IsUsed(MethodDefinition method) =>
        Declarations(method).Any(declaration => !IsOurs(declaration.DeclaringType) || _members.Contains(declaration.FullName));

    private bool IsUsed(FieldDefinition field) => field.HasConstant ? IsNamed(field) : _members.Contains(field.FullName);

    private bool IsNamed(IMemberDefinition member) => _words.Contains($"{member.DeclaringType.Name}.{member.Name}");

    /// <summary>A member, and the members of interfaces and base classes that it implements.</summary>
    private static IEnumerable<IMemberDefinition> Declarations(IMemberDefinition member) =>
        member is MethodDefinition { IsVirtual: true } method
            ? BasesOf(method.DeclaringType)
                .SelectMany(type => type.Methods)
                .Where(declared => declared.IsVirtual && IsOverriddenBy(declared, method))
                .Prepend(method)
            : [member];

    private static bool IsOverriddenBy(MethodDefinition declared, MethodDefinition method) =>
        declared.Parameters.Count == method.Parameters.Count
        && (declared.Name == method.Name || method.Overrides.Any(overridden => overridden.Name == declared.Name));

    private static IEnumerable<TypeDefinition> BasesOf(TypeDefinition type)
    {
        var bases = type.Interfaces.Select(made => made.InterfaceType);
        return (type.BaseType is null ? bases : bases.Append(type.BaseType))
            .Select(made => made.Resolve())
            .SelectMany(made => BasesOf(made).Prepend(made));
    }

    /// <summary>What the compiler writes, the constructors of records, which are what the library returns, and the pattern of exceptions
    /// and delegates.</summary>
    private static bool IsExempt(MethodDefinition method) =>
        method.CustomAttributes.Any(attribute => attribute.AttributeType.Name == nameof(CompilerGeneratedAttribute))
        || BasesOf(method.DeclaringType).Any(type => type.Name == nameof(Delegate))
        || (
            method.IsConstructor
            && (
                method.DeclaringType.Methods.Any(other => other.Name is "<Clone>$" or "PrintMembers")
                || BasesOf(method.DeclaringType).Any(type => type.Name == nameof(Exception))
            )
        );

    private bool IsExempt(PropertyDefinition property) => property.Name == "EqualityContract" || (!property.HasThis && IsNamed(property));

    private static MethodDefinition[] Accessors(PropertyDefinition property) =>
        [.. new[] { property.GetMethod, property.SetMethod }.OfType<MethodDefinition>().Where(IsOpen)];

    private static bool IsOpen(MethodDefinition method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsOurs(TypeReference type) =>
        PackedProjects.Projects.Contains(
            (type.Scope as AssemblyNameReference)?.Name ?? (type.Scope as ModuleDefinition)?.Assembly.Name.Name
        );
}
