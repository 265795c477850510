using System.Reflection;
using System.Runtime.CompilerServices;
using System.Xml.Linq;
using TorchSharp;

namespace VariationalBoN.Tests.Architecture;

/// <summary>What public types and members do that none may do, as the names of those that do it.</summary>
internal static class MemberRules
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>Methods that return a task and take or give a tensor: dispose scopes and no_grad are bound to a thread.</summary>
    public static IEnumerable<string> MixTensorsWithTasks(IEnumerable<Type> types) =>
        Methods(types).Where(method => IsTask(method.ReturnType) && Signature(method).SelectMany(Parts).Any(IsTensor)).Select(Name);

    /// <summary>Methods that return a task.</summary>
    public static IEnumerable<string> ReturnTasks(IEnumerable<Type> types) =>
        Methods(types).Where(method => IsTask(method.ReturnType)).Select(Name);

    /// <summary>Properties with a public setter that is not init.</summary>
    public static IEnumerable<string> HaveSetters(IEnumerable<Type> types) =>
        Members(types)
            .OfType<PropertyInfo>()
            .Where(property => property.SetMethod is { IsPublic: true } setter && !IsInit(setter))
            .Select(Name);

    /// <summary>Classes that can be derived from though they are not made for it.</summary>
    public static IEnumerable<string> AreOpen(IEnumerable<Type> types) =>
        types.Where(type => type.IsClass && !type.IsSealed && !type.IsAbstract).Select(type => type.FullName!);

    /// <summary>Members whose comment says nothing; that each has one is the compiler's CS1591.</summary>
    public static IEnumerable<string> HaveEmptyComments(XDocument comments) =>
        comments
            .Descendants("member")
            .Where(member => member.Elements().All(element => string.IsNullOrWhiteSpace(element.Value) && element.Name != "inheritdoc"))
            .Select(member => (string)member.Attribute("name")!);

    private static IEnumerable<MethodInfo> Methods(IEnumerable<Type> types) => Members(types).OfType<MethodInfo>();

    private static IEnumerable<MemberInfo> Members(IEnumerable<Type> types) => types.SelectMany(type => type.GetMembers(Declared));

    private static IEnumerable<Type> Signature(MethodInfo method) =>
        method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType);

    private static bool IsTensor(Type type) => typeof(torch.Tensor).IsAssignableFrom(type);

    private static bool IsInit(MethodInfo setter) => setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static bool IsTask(Type type) =>
        typeof(Task).IsAssignableFrom(type)
        || type.Name.StartsWith("ValueTask", StringComparison.Ordinal)
        || type.Name.StartsWith("IAsyncEnumerable", StringComparison.Ordinal);

    private static IEnumerable<Type> Parts(Type type) =>
        type.IsGenericType ? type.GenericTypeArguments.SelectMany(Parts).Append(type) : [type];

    private static string Name(MemberInfo member) => $"{member.DeclaringType!.FullName}.{member.Name}";
}
