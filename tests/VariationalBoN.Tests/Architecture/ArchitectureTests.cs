using System.Reflection;
using System.Runtime.CompilerServices;
using System.Xml.Linq;
using Mono.Cecil;
using TorchSharp;

namespace VariationalBoN.Tests.Architecture;

/// <summary>The rules of docs/architecture.md, held against the compiled library.</summary>
[Trait("Tier", "fast")]
public sealed class ArchitectureTests
{
    private static readonly Assembly s_library = typeof(Completion).Assembly;

    [Fact]
    public void Rooms_use_only_what_they_may()
    {
        using var module = ModuleDefinition.ReadModule(s_library.Location);
        TypeDefinition[] types = [.. module.Types.Where(type => type.Namespace.StartsWith("VariationalBoN", StringComparison.Ordinal))];

        Assert.NotEmpty(types);
        Assert.Equal([], types.SelectMany(type => LayerRules.Violations(type, Room.Of(type.Namespace))));
    }

    [Fact]
    public void The_layer_rules_see_a_room_that_breaks_them()
    {
        using var module = ModuleDefinition.ReadModule(typeof(ArchitectureTests).Assembly.Location);
        TypeDefinition bad = module.GetType(typeof(BadObjective).FullName!.Replace('+', '/'));

        string[] violations = [.. LayerRules.Violations(bad, Room.Of("VariationalBoN.Objectives"))];

        Assert.Contains(violations, violation => violation.Contains("without tensors", StringComparison.Ordinal));
    }

    [Fact]
    public void No_public_member_mixes_tensors_with_tasks()
    {
        Assert.Equal([], Members<MethodInfo>(s_library).Where(MixesTensorsWithTasks).Select(Name));
        Assert.True(MixesTensorsWithTasks(typeof(BadObjective).GetMethod(nameof(BadObjective.MixAsync))!));
    }

    [Fact]
    public void Rooms_that_are_not_async_return_no_task() =>
        Assert.Equal([], Members<MethodInfo>(s_library).Where(method => IsTask(method.ReturnType) && !Room.Of(method.DeclaringType!.Namespace!).Async).Select(Name));

    [Fact]
    public void Public_setters_are_init() =>
        Assert.Equal([], Members<PropertyInfo>(s_library).Where(property => property.SetMethod is { IsPublic: true } setter && !setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit))).Select(Name));

    [Fact]
    public void Public_members_are_documented()
    {
        XDocument xml = XDocument.Load(Path.ChangeExtension(s_library.Location, ".xml"));
        var empty = xml.Descendants("member").Where(member => member.Elements().All(element => string.IsNullOrWhiteSpace(element.Value) && element.Name != "inheritdoc"));

        Assert.Equal([], empty.Select(member => (string?)member.Attribute("name"))); // that each has a comment is the compiler's CS1591
        Assert.True(xml.Descendants("member").Count() > 200);
    }

    [Fact]
    public void Public_types_are_sealed_static_abstract_or_flat() =>
        Assert.Equal([], s_library.ExportedTypes.Where(type => type.IsClass && !type.IsSealed && !type.IsAbstract).Select(type => type.FullName));

    private static IEnumerable<T> Members<T>(Assembly assembly)
        where T : MemberInfo =>
        assembly.ExportedTypes.SelectMany(type => type.GetMembers(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)).OfType<T>();

    private static bool MixesTensorsWithTasks(MethodInfo method)
    {
        Type[] types = [method.ReturnType, .. method.GetParameters().Select(parameter => parameter.ParameterType)];
        return IsTask(method.ReturnType) && types.SelectMany(Parts).Any(type => typeof(torch.Tensor).IsAssignableFrom(type));
    }

    private static bool IsTask(Type type) => typeof(Task).IsAssignableFrom(type) || type.Name.StartsWith("ValueTask", StringComparison.Ordinal) || type.Name.StartsWith("IAsyncEnumerable", StringComparison.Ordinal);

    private static IEnumerable<Type> Parts(Type type) => type.IsGenericType ? type.GenericTypeArguments.SelectMany(Parts).Append(type) : [type];

    private static string Name(MemberInfo member) => $"{member.DeclaringType!.FullName}.{member.Name}";

    /// <summary>What an objective must not be: proof that the rules above can fail.</summary>
    public static class BadObjective
    {
        public static double Target(IPolicy policy)
        {
            using torch.Tensor logProb = policy.LogProb([]);
            return logProb.ToDouble();
        }

        public static Task<torch.Tensor> MixAsync() => Task.FromException<torch.Tensor>(new InvalidOperationException(Target(null!).ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }
}
