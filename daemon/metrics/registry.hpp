#pragma once
// The process's metrics: one Prometheus registry and its text form. Layers register their families through
// `prometheus()` and keep the references; label values never hold anything that a client chose.

#include <prometheus/registry.h>

#include <memory>
#include <string>

namespace chaind::metrics
{

class registry
{
public:
    registry() : registry_(std::make_shared<prometheus::Registry>()) {}

    [[nodiscard]] prometheus::Registry& prometheus() { return *registry_; }
    [[nodiscard]] std::string text() const;  // exposition format 0.0.4

private:
    std::shared_ptr<prometheus::Registry> registry_;
};

}  // namespace chaind::metrics
