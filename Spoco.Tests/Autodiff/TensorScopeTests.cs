using Spoco.Engine;
using Spoco.Engine.Ops;
using Spoco.Kernels;

namespace Spoco.Tests.Autodiff;

public sealed class TensorScopeTests
{
    private static readonly TensorShape Shape = new(1, 1, 3, 5, 7);

    [Test]
    public void The_end_of_a_scope_releases_what_was_not_kept()
    {
        using var device = ComputeDevice.Open("cpu");
        Tensor kept;
        using (var scope = new TensorScope())
        {
            var x = Tensor.Filled(device, Shape, 2);
            using (var inner = new TensorScope())
            {
                var doubled = Elementwise.Scale(x, 2);
                kept = inner.Keep(Elementwise.Add(doubled, x));
                Assert.That(device.Pool.Statistics.LiveBlocks, Is.EqualTo(3));
            }

            Assert.That(device.Pool.Statistics.LiveBlocks, Is.EqualTo(2));
            scope.Keep(kept);
        }

        Assert.That(device.Pool.Statistics.LiveBlocks, Is.EqualTo(1));
        Assert.That(kept.ToArray(), Has.All.EqualTo(6f));
        kept.Dispose();
        Assert.That(device.Pool.Statistics.LiveBlocks, Is.Zero);
        Assert.That(() => kept.Buffer, Throws.TypeOf<ObjectDisposedException>());
    }

    /// <summary>What an operation saved lives as long as its gradient may be asked for, whatever scope it was made in.</summary>
    [Test]
    public void Saved_tensors_outlive_their_scope_until_the_gradient_is_known()
    {
        using var device = ComputeDevice.Open("cpu");
        using (new TensorScope())
        {
            var x = Tensor.Filled(device, Shape, 3).WithGradient();
            Tensor y;
            using (var inner = new TensorScope())
                y = inner.Keep(Elementwise.Multiply(Elementwise.Scale(x, 2), x));
            Gradients.Backward(y);
            Assert.That(x.Gradient!.ToArray(), Has.All.EqualTo(12f));
        }

        Assert.That(device.Pool.Statistics.LiveBlocks, Is.Zero);
    }

    [Test]
    public void A_graph_that_is_never_differentiated_is_released()
    {
        using var device = ComputeDevice.Open("cpu");
        using (new TensorScope())
        {
            var x = Tensor.Filled(device, Shape, 3).WithGradient();
            using var inner = new TensorScope();
            inner.Keep(Elementwise.Multiply(Elementwise.Multiply(x, x), x));
        }

        Assert.That(device.Pool.Statistics.LiveBlocks, Is.Zero);
    }

    [Test]
    public void Scopes_end_in_reverse_order()
    {
        var outer = new TensorScope();
        var inner = new TensorScope();
        Assert.That(outer.Dispose, Throws.InvalidOperationException);
        inner.Dispose();
        outer.Dispose();
    }
}
