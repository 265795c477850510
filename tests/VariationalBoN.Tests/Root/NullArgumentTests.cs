using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using TorchSharp;

namespace VariationalBoN.Tests.Root;

/// <summary>A null where none may be is refused by every public constructor and static method of the core package but those of records: the
/// first such argument as an argument, of the others that nothing is done with them.</summary>
[Trait("Tier", "torch")]
public sealed class NullArgumentTests
{
    private static readonly NullabilityInfoContext s_nullability = new();

    [Fact]
    public async Task A_null_is_refused_as_an_argument()
    {
        int tried = 0;
        var faults = new List<string>();
        foreach (var (member, call) in Members())
        {
            ParameterInfo[] parameters = member.GetParameters();
            if (parameters.Any(parameter => parameter.ParameterType.IsByRefLike)) // a span, which reflection cannot give
                continue;
            ParameterInfo[] asked = [.. parameters.Where(MayNotBeNull)];
            foreach (ParameterInfo parameter in asked)
            {
                tried++;
                string told = "is accepted";
                try
                {
                    await Called(call, [.. parameters.Select(other => other == parameter ? null : other)]);
                }
                catch (Exception e)
                {
                    Exception cause = (e as TargetInvocationException)?.InnerException ?? e;
                    // Another argument may be at fault as well, or first; one that was not looked at first may be hollow.
                    bool isRefused = cause is ArgumentException || (cause is NullReferenceException && parameter != asked[0]);
                    told = isRefused ? "" : $"ends in {cause.GetType().Name}";
                }

                if (told.Length > 0)
                    faults.Add($"{member.DeclaringType!.Name}.{member.Name}({parameter.Name}: null) {told}");
            }
        }

        Assert.True(tried > 100, $"{tried} arguments were tried.");
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    /// <summary>Calls with something for each parameter, and null where there is none.</summary>
    private static Task Called(Func<object?[], object?> call, ParameterInfo?[] parameters)
    {
        using var scope = torch.NewDisposeScope();
        return call([.. parameters.Select(parameter => parameter is null ? null : Some(parameter.ParameterType))]) as Task
            ?? Task.CompletedTask;
    }

    private static IEnumerable<(MethodBase Member, Func<object?[], object?> Call)> Members()
    {
        foreach (
            Type type in typeof(Prompt)
                .Assembly.GetExportedTypes()
                .Where(type => type is { IsInterface: false, ContainsGenericParameters: false })
        )
        {
            if (type is { IsAbstract: false } && !IsData(type))
            {
                foreach (ConstructorInfo constructor in type.GetConstructors())
                    yield return (constructor, arguments => constructor.Invoke(arguments));
            }

            foreach (MethodInfo method in type.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly))
            {
                if (!method.IsSpecialName && !method.ContainsGenericParameters)
                    yield return (method, arguments => method.Invoke(null, arguments));
            }
        }
    }

    private static bool IsData(Type type) =>
        typeof(Exception).IsAssignableFrom(type)
        || type.GetMethod("PrintMembers", BindingFlags.Instance | BindingFlags.NonPublic) is not null;

    private static bool MayNotBeNull(ParameterInfo parameter) =>
        parameter is { IsOut: false, ParameterType: { IsValueType: false, IsByRef: false } }
        && s_nullability.Create(parameter).WriteState == NullabilityState.NotNull;

    /// <summary>Something of a type that is not null and is not looked into.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2067", Justification = "Tests are not trimmed.")]
    private static object? Some(Type type)
    {
        if (type.IsValueType)
            return Activator.CreateInstance(type);
        if (type == typeof(torch.Tensor))
            return torch.zeros(1);
        if (type == typeof(string))
            return "some";
        if (type.IsArray)
            return Array.CreateInstance(type.GetElementType()!, 1);
        if (type.IsGenericType && type.IsInterface && type.IsAssignableFrom(type.GetGenericArguments()[0].MakeArrayType()))
            return Array.CreateInstance(type.GetGenericArguments()[0], 1);
        if (type.IsInterface)
            return typeof(DispatchProxy)
                .GetMethod(nameof(DispatchProxy.Create), 2, [])!
                .MakeGenericMethod(type, typeof(Silent))
                .Invoke(null, null);
        if (typeof(Delegate).IsAssignableFrom(type) || type.IsAbstract)
            return null;
        return type.GetConstructor([]) is { } simple ? simple.Invoke([]) : RuntimeHelpers.GetUninitializedObject(type);
    }

    /// <summary>Answers nothing.</summary>
    public class Silent : DispatchProxy
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => null;
    }
}
