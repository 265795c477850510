using System.Runtime.CompilerServices;
using Mono.Cecil;
using TorchSharp;
using VariationalBoN.Tests.Packaging;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Architecture.Natives;

/// <summary>
/// Native objects are held until the call that reads them returns (docs/upstream-native-numbers.md): no package, program or example calls a
/// method of TorchSharp that lets go of one inside, and each number that it makes itself is still used after the call.
/// What TorchSharp does is read from its code.
/// </summary>
[Trait("Tier", "fast")]
public sealed class LostHandleTests
{
    private static readonly Lazy<LostHandles> s_lost = new(
        () => new LostHandles(typeof(torch).Assembly.Location),
        LazyThreadSafetyMode.ExecutionAndPublication
    );

    // read once: it takes a second
    private static readonly Lazy<ModuleDefinition> s_tests = new(() => s_lost.Value.Read(typeof(LostHandleTests).Assembly.Location));

    public static TheoryData<string> Programs => [.. ReadPrograms()];

    public static TheoryData<string> Examples =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(Repository.Root, "tests", "VariationalBoN.Tests"), "*.cs", SearchOption.AllDirectories)
                .Where(path => File.ReadLines(path).Any(line => line.TrimStart().StartsWith("// snippet: ", StringComparison.Ordinal)))
                .Select(path => Path.GetFileNameWithoutExtension(path))
                .Order(StringComparer.Ordinal),
        ];

    [Theory]
    [MemberData(nameof(Programs))]
    public void No_package_and_no_program_of_ours_lets_go_of_a_native_object_that_is_read(string program)
    {
        lock (s_lost)
        {
            using ModuleDefinition module = s_lost.Value.Read(Path.Combine(AppContext.BaseDirectory, program));
            Assert.Equal([], module.Types.SelectMany(s_lost.Value.Violations));
        }
    }

    [Fact]
    public void All_programs_are_read()
    {
        string[] projects = [.. Projects("samples"), .. Projects("benchmarks")];
        string[] read = [.. ReadPrograms().Select(path => Path.GetFileNameWithoutExtension(path))];
        Assert.Equal([], projects.Append("VariationalBoN").Append("ConsumerCode").Append("VariationalBoN.CrashHost").Except(read));
        Assert.NotEmpty(projects);
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public void No_example_of_the_documentation_does(string type)
    {
        lock (s_lost)
        {
            Assert.Equal([], s_lost.Value.Violations(s_tests.Value.Types.Single(found => found.Name == type)));
        }
    }

    [Theory]
    [InlineData("torch/Tensor::add(TorchSharp.torch/Tensor)")]
    [InlineData("torch/Tensor::add(TorchSharp.Scalar)")]
    [InlineData("torch/Tensor::add_(TorchSharp.torch/Tensor)")]
    [InlineData("torch/Tensor::add_(TorchSharp.Scalar)")]
    [InlineData("torch/Tensor::op_Addition(TorchSharp.torch/Tensor,TorchSharp.torch/Tensor)")]
    [InlineData("torch/Tensor::op_Multiply(TorchSharp.torch/Tensor,System.Double)")]
    [InlineData("torch/Tensor::addcdiv(TorchSharp.torch/Tensor,TorchSharp.torch/Tensor)")]
    [InlineData("torch/Tensor::square()")]
    [InlineData("torch/Tensor::softplus(System.Double,System.Double)")]
    [InlineData("torch/nn/functional::softplus(TorchSharp.torch/Tensor,System.Double,System.Double)")]
    [InlineData("TensorExtensionMethods::ToDouble(TorchSharp.torch/Tensor)")]
    [InlineData("torch::arange(TorchSharp.Scalar,System.Nullable`1<TorchSharp.torch/ScalarType>,TorchSharp.torch/Device,System.Boolean)")]
    [InlineData("Modules.AdamW::step(System.Func`1<TorchSharp.torch/Tensor>)")]
    [InlineData("Modules.SGD::step(System.Func`1<TorchSharp.torch/Tensor>)")]
    [InlineData("Modules.ELU::forward(TorchSharp.torch/Tensor)")]
    [InlineData(
        "torch/optim::AdamW(System.Collections.Generic.IEnumerable`1<TorchSharp.Modules.Parameter>,System.Double,System.Double,System.Double,System.Double,System.Double,System.Boolean,System.Boolean)"
    )]
    [InlineData("torch/nn::Softplus(System.Double,System.Double)")]
    public void Method_that_loses_a_number_is_found(string method) =>
        Assert.Contains(s_lost.Value.Numbers.Keys, listed => listed.EndsWith(method, StringComparison.Ordinal));

    [Theory]
    [InlineData("torch/Tensor::add(TorchSharp.torch/Tensor,TorchSharp.Scalar)")]
    [InlineData("torch/Tensor::add(TorchSharp.Scalar,TorchSharp.Scalar)")]
    [InlineData("torch/Tensor::mul(TorchSharp.Scalar)")]
    [InlineData("torch/Tensor::mul(TorchSharp.torch/Tensor)")]
    [InlineData("torch/Tensor::sub(TorchSharp.torch/Tensor)")]
    [InlineData("torch/Tensor::pow(TorchSharp.Scalar)")]
    [InlineData("torch/Tensor::sqrt()")]
    [InlineData("torch::cat(System.Collections.Generic.IList`1<TorchSharp.torch/Tensor>,System.Int64)")]
    [InlineData(
        "torch/nn::Linear(System.Int64,System.Int64,System.Boolean,TorchSharp.torch/Device,System.Nullable`1<TorchSharp.torch/ScalarType>)"
    )]
    public void Method_that_makes_none_is_not(string method) =>
        Assert.DoesNotContain(s_lost.Value.Numbers.Keys, listed => listed.EndsWith(method, StringComparison.Ordinal));

    [Fact]
    public void Tensors_that_are_let_go_of_are_found_apart_since_a_scope_holds_them()
    {
        Assert.Contains(s_lost.Value.Tensors.Keys, listed => listed.Contains("torch/nn/functional::gelu", StringComparison.Ordinal));
        Assert.DoesNotContain(s_lost.Value.Numbers.Keys, listed => listed.Contains("torch/nn/functional::gelu", StringComparison.Ordinal));
    }

    [Fact]
    public void The_rule_sees_what_breaks_it_and_nothing_else()
    {
        lock (s_lost)
        {
            using ModuleDefinition module = s_lost.Value.Read(typeof(LostHandleTests).Assembly.Location);
            string[] Found(Type type) =>
                [
                    .. s_lost
                        .Value.Violations(module.GetType(type.FullName!.Replace('+', '/')))
                        .Select(violation => violation.Split("::")[1].TrimStart('<').Split([' ', ':', '>'])[0])
                        .Distinct()
                        .Order(StringComparer.Ordinal),
                ];
            Assert.Equal(
                typeof(Careless)
                    .GetMethods()
                    .Where(method => method.DeclaringType == typeof(Careless))
                    .Select(method => method.Name)
                    .Order(StringComparer.Ordinal),
                Found(typeof(Careless))
            );
            Assert.Equal([], Found(typeof(Careful)));
        }
    }

    private static IEnumerable<string> Projects(string folder) =>
        Directory
            .EnumerateFiles(Path.Combine(Repository.Root, folder), "*.csproj", SearchOption.AllDirectories)
            .Select(path => Path.GetFileNameWithoutExtension(path));

    private static IEnumerable<string> ReadPrograms() =>
        Directory
            .EnumerateFiles(AppContext.BaseDirectory, "VariationalBoN*.dll")
            .Where(path => !path.EndsWith(".Tests.dll", StringComparison.Ordinal))
            .Concat(Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "programs"), "*.dll"))
            .Select(path => Path.GetRelativePath(AppContext.BaseDirectory, path))
            .Order(StringComparer.Ordinal);

    /// <summary>Each method lets go of something.</summary>
    private static class Careless
    {
        public static Tensor Sum(Tensor a, Tensor b) => a + b;

        public static Tensor SumInPlace(Tensor a, Tensor b) => a.add_(b);

        public static Tensor Product(Tensor a) => a.mul(0.5);

        public static Tensor Square(Tensor a) => a.square();

        public static double Read(Tensor a) => a.ToDouble();

        public static Tensor Variable(Tensor a)
        {
            Scalar half = 0.5;
            return a.mul(half);
        }

        public static Tensor UsedBefore(Tensor a)
        {
            Scalar half = 0.5;
            GC.KeepAlive(half);
            return a.mul(half);
        }

        public static Tensor InALoop(Tensor a)
        {
            Tensor product = a;
            for (int i = 0; i < 3; i++)
            {
                Scalar factor = i;
                product = product.mul(factor);
            }

            return product;
        }

        public static Tensor ByAnother(Tensor a) => Multiply(a, 0.5);

        public static TorchSharp.Modules.AdamW Optimizer(Tensor a) => optim.AdamW([new TorchSharp.Modules.Parameter(a)]);

        public static Tensor Gelu(Tensor a) => nn.functional.gelu(a);

        public static IEnumerable<Tensor> Lambda(IEnumerable<Tensor> all) => all.Select(a => a.mul(2));

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static Tensor Multiply(Tensor a, Scalar factor) => a.mul(factor);
    }

    /// <summary>Each method holds what it makes.</summary>
    private static class Careful
    {
        public static Tensor Using(Tensor a)
        {
            using Scalar half = 0.5;
            return a.mul(half);
        }

        public static Tensor KeptAlive(Tensor a)
        {
            Scalar half = 0.5;
            Tensor product = a.mul(half);
            GC.KeepAlive(half);
            return product;
        }

        public static Tensor Finally(Tensor a)
        {
            Scalar half = 0.5;
            try
            {
                return a.mul(half);
            }
            finally
            {
                half.Dispose();
            }
        }

        public static (Tensor, Scalar) Returned(Tensor a)
        {
            Scalar half = 0.5;
            return (a.mul(half), half);
        }

        public static Tensor InScope(Tensor a)
        {
            using var scope = NewDisposeScope();
            return nn.functional.gelu(a).MoveToOuterDisposeScope();
        }

        public static Tensor Given(Tensor a, Scalar factor) => a.mul(factor).pow(factor);

        public static Tensor Tensors(Tensor a, Tensor b) => cat([a * b, a - b]);
    }
}
